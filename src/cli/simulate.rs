//! `simulate`: one request, or many, under a policy or a stack of policies. The request stands in the file, or in arguments.

use super::args::SimulateArgs;
use super::line::{bad, plain};
use super::switches::Format;
use super::{Exit, Trouble, input, print, print_json};
use crate::account::scope::{self, Who};
use crate::account::{self, Accounts};
use crate::catalog::nearest;
use crate::diag::{Diagnostic, Diagnostics, Source, Span, escape};
use crate::eval::Decision;
use crate::json::Value;
use crate::policy::{Access, ArnMatching, Readings, Request, Stack, access_json, request_json};
use crate::report::json as shown;
use crate::report::warnings::in_files;
use crate::simulate::request::{self, Oddity};
use crate::simulate::{Simulation, Simulator};
use crate::sources::{self, Kind, STACK_MEMBERS, Wanted, is_stack};
use crate::value::arn;
use serde_json::{Map, json};

/// `leastwise simulate`
pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Trouble> {
    let (matching, readings) = (args.reading.matching(), args.reading.readings());
    let one = |stack: Stack, request: &Request| {
        let simulator = Simulator::new(stack, matching, readings);
        let simulation = simulator.decide(request);
        (simulator.access().clone(), vec![simulation])
    };
    let (access, simulations) = match (&args.principal, &args.account, &args.file) {
        (Some(principal), Some(account), _) => {
            let (stack, request) = of_account(&account::read(account)?, principal, in_arguments(args, principal)?)?;
            one(stack, &request)
        }
        (Some(principal), None, Some(file)) => {
            let request = in_arguments(args, principal)?;
            let (source, value) = input::json(file, Wanted::Access)?;
            one(around_request(&source, &value)?, &request)
        }
        (None, None, Some(file)) => {
            let (source, value) = input::json(file, Wanted::Simulation)?;
            decide(&source, &value, matching, readings)?
        }
        // The parser of arguments asks for one or the other.
        (None, Some(_), _) | (_, None, None) => return Err(anyhow::anyhow!("FILE is missing").into()),
    };
    input::warn(access.warnings());
    let (mut all_allowed, mut is_unknown) = (true, false);
    for simulation in &simulations {
        all_allowed &= simulation.decision == Decision::Allowed;
        is_unknown |= simulation.is_unknown;
        if args.format == Format::Json {
            print_json(&answer(simulation).beside(in_files(access.warnings())))?;
            continue;
        }
        let by = simulation.decided_by.iter().map(|(policy, index)| format!("{policy} statement {index}"));
        let by = match simulation.decision {
            Decision::ImplicitlyDenied => format!("not allowed by {}", simulation.not_allowed_by.join(", ")),
            Decision::Allowed | Decision::ExplicitlyDenied => format!("by {}", by.collect::<Vec<_>>().join(", ")),
        };
        let (decision, by) = match simulation.is_unknown {
            true => ("UNKNOWN", format!("at least {}, {by}", simulation.decision.name())),
            false => (simulation.decision.name(), by),
        };
        let line = format!("{decision} {} {}: {by}", simulation.action, simulation.resource);
        print(&format!("{}\n", escape::text(&line)))?;
        for note in &simulation.notes {
            print(&format!("note: {}\n", escape::text(note)))?;
        }
    }
    Ok(match (is_unknown, all_allowed) {
        (true, _) => Exit::Unknown,
        (false, true) => Exit::Holds,
        (false, false) => Exit::DoesNotHold,
    })
}

/// The stack of a principal of an account, with the resource's own policy where the account has it, and the request with what
/// is known of the principal.
fn of_account(accounts: &Accounts, principal: &str, request: Request) -> Result<(Stack, Request), Diagnostics> {
    let found = accounts.principal(principal)?;
    let who = Who::Entity(found.entity);
    let mut stack = found.stack;
    stack.resource = accounts.own_policy(&request.resource, &request.action)?;
    Ok((stack, scope::dressed(who, accounts.controls_of(who), request)))
}

/// A simulation as JSON.
pub(super) fn answer(simulation: &Simulation) -> shown::SimulateAnswer {
    shown::simulation(simulation)
}

/// The policies of a file that has no request of its own.
fn around_request(source: &Source, value: &Value) -> Result<crate::policy::Stack, Diagnostics> {
    if let Some(own) = ["request", "requests"].iter().find_map(|name| value.get(name)) {
        let message = "the request stands in the file and in the arguments";
        let help = "leave --principal, --action and --resource out, or take the request out of the file";
        return Err(bad(source, own.span, message, help).into());
    }
    access_json::around_request(source, value)
}

/// The request that stands in arguments.
fn in_arguments(args: &SimulateArgs, principal: &str) -> Result<Request, Diagnostics> {
    let refused = |name: &str, text: &str, odd: Oddity| {
        let source = Source::new(name, text);
        Diagnostic::error("bad-request", &source, Span::new(0, text.len()), odd.message, odd.help)
    };
    let wrong = |name: &str, text: &str, message: String, help: &str| {
        Diagnostics::from(refused(name, text, Oddity { message, help: help.to_owned() }))
    };
    let [action, resource] = [&args.action, &args.resource].map(|given| given.as_deref().unwrap_or_default().trim());
    let principal = principal.trim();
    let who = match principal.starts_with('{').then(|| serde_json::from_str::<serde_json::Value>(principal)) {
        Some(Ok(object)) => object,
        Some(Err(_)) | None => json!(principal),
    };
    let who = request_json::principal(&who).map_err(|_| {
        let message = format!("`{principal}` is not a principal");
        let help = "write an ARN such as arn:aws:iam::111122223333:user/ana, an account id of 12 digits, a service name such as \
                    lambda.amazonaws.com, anonymous, or {\"type\": \"Federated\", \"id\": \"..\"}";
        wrong("--principal", principal, message, help)
    })?;
    let mut odd: Vec<Diagnostic> = Vec::new();
    odd.extend(request::principal(&who).map(|odd| refused("--principal", principal, odd)));
    let name = action.split_once(':').filter(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':'));
    if name.is_none() {
        let message = format!("`{action}` is not an action");
        odd.extend(wrong("--action", action, message, "write it as service:Name, such as s3:GetObject").0);
    } else if let Some(unknown) = request::action(action) {
        let is_pattern = unknown.message.contains("is not one action");
        if is_pattern || !args.allow_unknown {
            let help = if is_pattern { unknown.help } else { allowing(&unknown.help) };
            odd.push(refused("--action", action, Oddity { help, ..unknown }));
        }
    }
    odd.extend(request::resource(resource).map(|odd| refused("--resource", resource, odd)));
    let mut context = Map::new();
    if let Some(account) = args.resource_account.as_deref() {
        if !arn::is_account(account) {
            let message = format!("`{account}` is not an account id");
            odd.extend(wrong("--resource-account", account, message, "write its 12 digits").0);
        }
        let own = arn::split(resource).map(|[_, _, _, _, own, _]| own).filter(|own| arn::is_account(own));
        if own.is_some_and(|own| own != account) {
            let message = format!("the resource is of another account, `{}`, as its ARN says", own.unwrap_or_default());
            odd.extend(wrong("--resource-account", account, message, "leave --resource-account out").0);
        }
        context.insert("aws:resourceaccount".to_owned(), json!([account]));
    }
    for pair in &args.context {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            let message = format!("`{pair}` is not a key and a value");
            odd.extend(wrong("--context", pair, message, "write KEY=VALUE, such as aws:SourceIp=192.0.2.1").0);
            continue;
        };
        let key = key.trim();
        if let Some(unknown) = request::key(key).filter(|_| !args.allow_unknown) {
            odd.push(refused("--context", pair, Oddity { help: allowing(&unknown.help), ..unknown }));
        }
        let values = context.entry(key.to_ascii_lowercase()).or_insert_with(|| json!([]));
        values.as_array_mut().into_iter().for_each(|values| values.push(json!(value)));
    }
    if !odd.is_empty() {
        return Err(Diagnostics(odd));
    }
    let written = json!({"principal": "anonymous", "action": action, "resource": resource, "context": context});
    let read = request_json::from_json(&written).map_err(|message| Diagnostic::bare("bad-request", message, "see --help"))?;
    let given = context.keys().filter_map(|key| Some((key.clone(), read.context.get(key)?.clone())));
    Ok(Request::new(who, action, resource, given.collect()))
}

/// How to ask all the same.
fn allowing(help: &str) -> String {
    let blank = if help.is_empty() { "" } else { " " };
    format!("{help}{blank}--allow-unknown asks anyway")
}

/// Decides the request, or the requests, of a simulation.
pub(super) fn decide(
    source: &Source,
    value: &Value,
    matching: ArnMatching,
    readings: Readings,
) -> Result<(Access, Vec<Simulation>), Diagnostics> {
    let help = "write {\"request\": .., \"identityPolicies\": [..], ..}";
    if let Some(kind @ (Kind::Policy | Kind::Statement | Kind::Statements)) = sources::recognize(value) {
        let start = Span::new(value.span.start, value.span.start);
        return Err(sources::wrong(source, start, kind, Wanted::Simulation).into());
    }
    let known = |key: &str| STACK_MEMBERS.contains(&key) || ["id", "check", "request", "requests"].contains(&key);
    if let Some(unknown) = value.members().unwrap_or(&[]).iter().find(|member| !known(&member.key)) {
        let others = ["request", "requests"].into_iter();
        let meant = sources::stack_member_like(&unknown.key).or_else(|| nearest::first(&unknown.key, others));
        let help = meant.map_or_else(|| help.to_owned(), |meant| format!("did you mean `{meant}`?"));
        return Err(bad(source, unknown.key_span, format!("unknown member `{}` of a simulation", unknown.key), &help).into());
    }
    if !is_stack(value) {
        return Err(bad(source, value.span, "a simulation needs policies", help).into());
    }
    let simulator = Simulator::new(access_json::stack(source, value)?, matching, readings);
    let requests: Vec<&Value> = match (value.get("request"), value.get("requests").and_then(Value::elements)) {
        (Some(one), None) => vec![one],
        (None, Some(many)) => many.iter().collect(),
        _ => {
            let help = "add the request to decide, or give it with --principal, --action and --resource";
            return Err(bad(source, value.span, "give either `request` or `requests`", help).into());
        }
    };
    let mut out = Vec::new();
    for written in requests {
        let help = "write {\"principal\": .., \"action\": .., \"resource\": .., \"context\": {..}}";
        let request = request_json::from_json(&plain(written)).map_err(|message| bad(source, written.span, message, help))?;
        out.push(simulator.decide(&request));
    }
    Ok((simulator.access().clone(), out))
}
