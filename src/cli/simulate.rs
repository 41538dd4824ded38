//! `simulate`: one request, or many, under a policy or a stack of policies. The request stands in the file, or in arguments.

use super::args::SimulateArgs;
use super::{Exit, Trouble, input, show};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::json::Value;
use crate::ops::Options;
use crate::ops::line::bad;
use crate::ops::principal::Whose;
use crate::ops::simulate::Simulate;
use crate::policy::access_json;
use crate::question::Settings;
use crate::report::warnings::in_files;
use crate::request::{Request, request_json};
use crate::simulate::request::{self, Oddity};
use crate::sources::Wanted;
use crate::value::arn;
use serde_json::{Map, json};

/// `leastwise simulate`
pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Trouble> {
    let asked = match (&args.principal, &args.account, &args.file) {
        (Some(principal), Some(account), _) => {
            let whose = Whose { account: account.clone(), principal: principal.clone() };
            let read = whose.read()?;
            let (stack, request) = read.deciding(in_arguments(args, principal)?)?;
            Simulate { stack, requests: vec![request] }
        }
        (Some(principal), None, Some(file)) => {
            let request = in_arguments(args, principal)?;
            let (source, value) = input::json(file, Wanted::Access)?;
            Simulate { stack: around_request(&source, &value)?, requests: vec![request] }
        }
        (None, None, Some(file)) => {
            let (source, value) = input::json(file, Wanted::Simulation)?;
            Simulate::read(&source, &value)?
        }
        // The parser of arguments asks for one or the other.
        (None, Some(_), _) | (_, None, None) => return Err(anyhow::anyhow!("FILE is missing").into()),
    };
    let readings = args.reading.readings();
    let (access, reports) = asked.answer(&Options::new(Settings { readings, ..Settings::default() }));
    input::warn(access.warnings());
    let mut exits = Vec::new();
    for report in reports {
        exits.push(show(&report.beside(in_files(access.warnings())), args.format)?);
    }
    let has = |exit| exits.contains(&exit).then_some(exit);
    Ok(has(Exit::Unknown).or_else(|| has(Exit::DoesNotHold)).unwrap_or(Exit::Holds))
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

/// What is wrong with an argument.
fn refused(name: &str, text: &str, odd: Oddity) -> Diagnostic {
    let source = Source::new(name, text);
    Diagnostic::error("bad-request", &source, Span::new(0, text.len()), odd.message, odd.help)
}

/// The same in words of our own.
fn wrong(name: &str, text: &str, message: String, help: &str) -> Diagnostic {
    refused(name, text, Oddity { message, help: help.to_owned() })
}

/// The request that stands in arguments.
fn in_arguments(args: &SimulateArgs, principal: &str) -> Result<Request, Diagnostics> {
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
    odd.extend(of_action(action, args.allow_unknown));
    odd.extend(request::resource(resource).map(|odd| refused("--resource", resource, odd)));
    let context = context(args, resource, &mut odd);
    if !odd.is_empty() {
        return Err(Diagnostics(odd));
    }
    let written = json!({"principal": "anonymous", "action": action, "resource": resource, "context": context});
    let read = request_json::from_json(&written).map_err(|message| Diagnostic::bare("bad-request", message, "see --help"))?;
    let given = context.keys().filter_map(|key| Some((key.clone(), read.context.get(key)?.clone())));
    Ok(Request::new(who, action, resource, given.collect()))
}

/// What is wrong with the action, if something is.
fn of_action(action: &str, allow_unknown: bool) -> Option<Diagnostic> {
    let name = action.split_once(':').filter(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':'));
    if name.is_none() {
        let message = format!("`{action}` is not an action");
        return Some(wrong("--action", action, message, "write it as service:Name, such as s3:GetObject"));
    }
    let unknown = request::action(action)?;
    let is_pattern = unknown.message.contains("is not one action");
    let help = if is_pattern { unknown.help } else { allowing(&unknown.help) };
    (is_pattern || !allow_unknown).then(|| refused("--action", action, Oddity { help, message: unknown.message }))
}

/// The context that the arguments give; what is wrong with them goes to `odd`.
fn context(args: &SimulateArgs, resource: &str, odd: &mut Vec<Diagnostic>) -> Map<String, serde_json::Value> {
    let mut context = Map::new();
    if let Some(account) = args.resource_account.as_deref() {
        if !arn::is_account(account) {
            let message = format!("`{account}` is not an account id");
            odd.push(wrong("--resource-account", account, message, "write its 12 digits"));
        }
        let own = arn::split(resource).map(|[_, _, _, _, own, _]| own).filter(|own| arn::is_account(own));
        if own.is_some_and(|own| own != account) {
            let message = format!("the resource is of another account, `{}`, as its ARN says", own.unwrap_or_default());
            odd.push(wrong("--resource-account", account, message, "leave --resource-account out"));
        }
        context.insert("aws:resourceaccount".to_owned(), json!([account]));
    }
    for pair in &args.context {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            let message = format!("`{pair}` is not a key and a value");
            odd.push(wrong("--context", pair, message, "write KEY=VALUE, such as aws:SourceIp=192.0.2.1"));
            continue;
        };
        let key = key.trim();
        if let Some(unknown) = request::key(key).filter(|_| !args.allow_unknown) {
            odd.push(refused("--context", pair, Oddity { help: allowing(&unknown.help), ..unknown }));
        }
        let values = context.entry(key.to_ascii_lowercase()).or_insert_with(|| json!([]));
        values.as_array_mut().into_iter().for_each(|values| values.push(json!(value)));
    }
    context
}

/// How to ask all the same.
fn allowing(help: &str) -> String {
    let blank = if help.is_empty() { "" } else { " " };
    format!("{help}{blank}--allow-unknown asks anyway")
}
