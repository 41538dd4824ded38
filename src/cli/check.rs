//! `no-new-access`, `access-not-granted`, `no-public-access`, `equivalent`.

use super::args::{AccessNotGrantedArgs, EquivalentArgs, NoNewAccessArgs, NoPublicAccessArgs};
use super::asked::Asked;
use super::remarks::{self, read_as};
use super::switches::{Asking, Format, PolicyType};
use super::{Exit, Trouble, input, opened, print, print_json, progress, save};
use crate::catalog::nearest;
use crate::diag::{Diagnostic, Source, Span, escape};
use crate::policy;
use crate::question::access_not_granted as not_granted;
use crate::question::ask::Ask;
use crate::question::no_public_access::{self as no_public, ResourceType};
use crate::question::{Outcome, Settings, Verdict, emit, equivalent as same, no_new_access as no_new, unknown_policy};
use crate::report::warnings::in_files;
use crate::report::{explain, json, proof, text};
use crate::sources::Wanted;
use anyhow::anyhow;
use std::path::Path;

/// `leastwise no-new-access`
pub(crate) fn no_new_access(args: &NoNewAccessArgs) -> Result<Exit, Trouble> {
    let (existing, new, opened) = match (args.whose.read()?, &args.new) {
        // One policy stands in the place of the principal's own; a stack says everything by itself.
        (Some(principal), _) => {
            let given = opened::read(&args.existing, &args.picking)?;
            let opened = opened::Opened::of([&given], &args.picking)?.refused()?;
            let given = given.access;
            if given.is_alone() {
                check_type(&given, Some(PolicyType::Identity))?;
                (principal.access(None)?, principal.access(given.policies().next().cloned())?, opened)
            } else {
                (principal.access(None)?, principal.asked(given)?, opened)
            }
        }
        (None, Some(new)) => {
            let (existing, new) = (opened::read(&args.existing, &args.picking)?, opened::read(new, &args.picking)?);
            let opened = opened::Opened::of([&new, &existing], &args.picking)?;
            let (new, existing) = opened::alike(new, existing)?;
            (existing, new, opened)
        }
        (None, None) => return Err(anyhow!("NEW is missing").into()),
    };
    [&existing, &new].into_iter().try_for_each(|access| check_type(access, args.policy_type))?;
    check_alike(&existing, &new)?;
    let read = read_as([&existing, &new], args.asking.deciding.reading.readings());
    let [old, newer] = read.each_ref().map(AsRef::as_ref);
    emit_smt2(
        args.emit_smt2.as_deref(),
        args.asking.settings().matching,
        &[("no-new-access.smt2", &no_new::search(old, newer))],
    )?;
    let sides = [("new policy", &new), ("existing policy", &existing)];
    answer(args.format, &args.asking, &opened, sides, &|settings, [new, existing]| no_new::no_new_access(existing, new, settings))
}

/// `leastwise access-not-granted`
pub(crate) fn access_not_granted(args: &AccessNotGrantedArgs) -> Result<Exit, Trouble> {
    let (policy, mut opened) = match (args.whose.read()?, &args.policy) {
        (Some(principal), _) => (principal.access(None)?, opened::Opened::none()),
        (None, Some(policy)) => {
            let policy = opened::read(policy, &args.picking)?;
            let opened = opened::Opened::of([&policy], &args.picking)?;
            (policy.access, opened)
        }
        (None, None) => return Err(anyhow!("POLICY is missing").into()),
    };
    check_type(&policy, args.policy_type)?;
    let mut asked = Asked::arguments(&args.action, &args.resource);
    if let Some(path) = &args.access {
        let (source, value) = input::json(path, Wanted::Other)?;
        asked.add_json(&source, &value)?;
    }
    let (access, notes) = asked.check(args.unknowns.allow_unknown)?;
    opened.named.extend(access.resources.iter().cloned());
    let [read] = read_as([&policy], args.asking.deciding.reading.readings());
    let search = not_granted::search(&read, &access);
    emit_smt2(args.emit_smt2.as_deref(), args.asking.settings().matching, &[("access-not-granted.smt2", &search)])?;
    let question = |settings: &Settings, [policy]: [&policy::Access; 1]| {
        let mut outcome = not_granted::access_not_granted(policy, &access, settings)?;
        outcome.notes.extend(notes.iter().cloned());
        Ok(outcome)
    };
    answer(args.format, &args.asking, &opened, [("policy", &policy)], &question)
}

/// `leastwise no-public-access`
pub(crate) fn no_public_access(args: &NoPublicAccessArgs) -> Result<Exit, Trouble> {
    let policy = opened::read(&args.policy, &args.picking)?;
    let opened = opened::Opened::of([&policy], &args.picking)?;
    let policy = policy.access;
    check_resource_side(&policy)?;
    let written = Source::new("--resource-type", args.resource_type.as_str());
    let of = resource_type(&args.resource_type, (&written, Span::new(0, args.resource_type.len())))?;
    let [read] = read_as([&policy], args.asking.deciding.reading.readings());
    let search = no_public::search(&read, Some(of));
    emit_smt2(args.emit_smt2.as_deref(), args.asking.settings().matching, &[("no-public-access.smt2", &search)])?;
    let question = |settings: &Settings, [policy]: [&policy::Access; 1]| no_public::no_public_access(policy, of, settings);
    answer(args.format, &args.asking, &opened, [("policy", &policy)], &question)
}

/// `leastwise equivalent`
pub(crate) fn equivalent(args: &EquivalentArgs) -> Result<Exit, Trouble> {
    let (a, b) = (opened::read(&args.a, &args.picking)?, opened::read(&args.b, &args.picking)?);
    let opened = opened::Opened::of([&a, &b], &args.picking)?;
    let (a, b) = opened::alike(a, b)?;
    check_alike(&a, &b)?;
    let [first, second] = read_as([&a, &b], args.asking.deciding.reading.readings());
    let (only_b, only_a) = (no_new::search(&first, &second), no_new::search(&second, &first));
    let searches = [("only-the-second-grants.smt2", &only_b), ("only-the-first-grants.smt2", &only_a)];
    emit_smt2(args.emit_smt2.as_deref(), args.asking.settings().matching, &searches)?;
    let sides = [("first policy", &a), ("second policy", &b)];
    answer(args.format, &args.asking, &opened, sides, &|settings, [a, b]| same::equivalent(a, b, settings))
}

/// A resource type by its name, which stands there.
pub(crate) fn resource_type(name: &str, (source, span): (&Source, Span)) -> Result<ResourceType, Diagnostic> {
    let unknown = || {
        let names = || no_public::RESOURCE_TYPES.iter().map(|of| of.name);
        let meant = nearest::first(name, names()).map(|near| format!("did you mean {near}? "));
        let help = format!("{}write one of {}", meant.unwrap_or_default(), names().collect::<Vec<_>>().join(", "));
        Diagnostic::error("unknown-resource-type", source, span, format!("unknown resource type `{name}`"), help)
    };
    ResourceType::parse(name).ok_or_else(unknown)
}

/// A question about outsiders needs a policy that names principals.
pub(crate) fn check_resource_side(access: &policy::Access) -> Result<(), Diagnostic> {
    if !access.is_alone() {
        return Ok(());
    }
    check_type(access, Some(PolicyType::Resource))
}

/// A policy of the type it is said to be.
pub(crate) fn check_type(access: &policy::Access, said: Option<PolicyType>) -> Result<(), Diagnostic> {
    // The members of a stack are of the type that their place says.
    let [policy::access::Member { place: policy::access::Place::Alone, policy, .. }] = access.members() else { return Ok(()) };
    let statement = match said {
        Some(PolicyType::Identity) => policy.statements.iter().find(|statement| statement.principal.is_some()),
        Some(PolicyType::Resource) => policy.statements.iter().find(|statement| statement.principal.is_none()),
        None => None,
    };
    let Some(statement) = statement else { return Ok(()) };
    let (what, help) = if statement.principal.is_some() {
        (
            "a statement of an identity policy names principals",
            "remove Principal, or say --policy-type resource (RESOURCE_POLICY)",
        )
    } else {
        ("a statement of a resource policy names no principal", "add Principal, or say --policy-type identity (IDENTITY_POLICY)")
    };
    Err(Diagnostic::error("wrong-policy-type", &policy.source, statement.span, what, help))
}

/// Two policies of one kind, if both stand alone: what one says of principals the other must say too. Two stacks both say
/// something of the resource's policy, or neither does.
pub(crate) fn check_alike(a: &policy::Access, b: &policy::Access) -> Result<(), Diagnostic> {
    if let Some(why) = unknown_policy::incomparable(a, b) {
        let help = "give `resourcePolicy` on both sides (null where the resource has none), or on neither: then it is the same \
                    unknown policy";
        return Err(Diagnostic::bare("resource-policy-on-one-side", why, help));
    }
    let names_principals = |access: &policy::Access| (access.is_alone() && !access.is_empty()).then(|| access.has_principals());
    match (names_principals(a), names_principals(b)) {
        (Some(own), Some(other)) if own != other => {
            let resource = if own { a } else { b };
            let Some(policy::access::Member { policy, .. }) = resource.members().first() else { return Ok(()) };
            let span = policy.statements.first().map(|statement| statement.span).unwrap_or_default();
            let message = "a resource policy is compared with an identity policy: this statement names principals";
            let help = "compare policies of one type, or put both into stacks (identityPolicies, resourcePolicy)";
            Err(Diagnostic::error("wrong-policy-type", &policy.source, span, message, help))
        }
        _ => Ok(()),
    }
}

/// Writes searches as SMT-LIB into a folder, if one is given.
pub(crate) fn emit_smt2(
    folder: Option<&Path>,
    matching: policy::ArnMatching,
    searches: &[(&str, &Ask<'_>)],
) -> Result<(), Trouble> {
    let Some(folder) = folder else { return Ok(()) };
    let mut files = Vec::new();
    for (name, search) in searches {
        let question = format!("{}: is there a request that breaks it? unsat: there is none.", name.trim_end_matches(".smt2"));
        let script = emit::script(&question, "unknown", search, matching);
        let script = script.map_err(|unsupported| anyhow!("cannot write the question as SMT-LIB: {unsupported}"))?;
        files.push(((*name).to_owned(), script));
    }
    save::write_all(folder, &files)
}

/// Everything that is needed to look into a disagreement: the inputs, the versions, both answers.
fn bundle(sides: &[(&str, &policy::Access)], a: &Outcome, b: &Outcome) -> serde_json::Value {
    let input = |(name, access): &(&str, &policy::Access)| {
        let texts: Vec<_> = access
            .members()
            .iter()
            .map(|member| serde_json::json!({"name": member.name, "text": &**member.policy.source.text}))
            .collect();
        serde_json::json!({"side": name, "policies": texts})
    };
    let inputs: Vec<_> = sides.iter().map(input).collect();
    serde_json::json!({
        "leastwise": env!("CARGO_PKG_VERSION"),
        "z3": crate::smt::version(),
        "inputs": inputs,
        "answers": [json::outcome(a), json::outcome(b)],
    })
}

fn answer<const N: usize>(
    format: Format,
    asking: &Asking,
    opened: &opened::Opened,
    sides: [(&str, &policy::Access); N],
    question: remarks::Question<'_, N>,
) -> Result<Exit, Trouble> {
    let settings = asking.settings();
    let given = sides.map(|(_, access)| access);
    let ask = |settings: &Settings| remarks::ask(settings, given, question);
    let spinner = progress::spinner("asking Z3");
    let mut outcome = ask(&settings)?;
    if asking.deciding.cross_check {
        let crossed = settings.crossed();
        let other = ask(&crossed)?;
        if let (Verdict::Pass | Verdict::Fail { .. }, Verdict::Unknown(why)) = (&outcome.verdict, &other.verdict) {
            outcome.notes.push(remarks::unanswered(crossed.engine, why));
        }
        if remarks::disagree(&outcome, &other) {
            let path = Path::new("leastwise-disagreement.json");
            let bundle = format!("{:#}\n", bundle(&sides, &outcome, &other));
            save::write(path, &escape::json(&bundle))?;
            return Err(anyhow!(
                "the engines disagree: {} says \"{}\", {} says \"{}\"; please report it with the file {}",
                outcome.proof.engine,
                outcome.message,
                other.proof.engine,
                other.message,
                path.display()
            )
            .into());
        }
    }
    remarks::remark(&mut outcome, &settings, given, question)?;
    opened.for_all_values(&mut outcome, &settings, question)?;
    drop(spinner);
    if let (Some(folder), Some(checked), Verdict::Pass) = (&asking.proving.proof, &outcome.checked, &outcome.verdict) {
        save::write_all(folder, &proof::files(&[(outcome.check, &checked.obligations)]))?;
    }
    let read = read_as(given, settings.readings);
    let named: Vec<_> = sides.iter().map(|(name, _)| *name).zip(read.iter().map(AsRef::as_ref)).collect();
    let explained = match &outcome.verdict {
        Verdict::Fail { witness, .. } if asking.explaining.explain => Some(&**witness),
        Verdict::Fail { .. } | Verdict::Pass | Verdict::Unknown(_) => None,
    };
    match format {
        Format::Json => {
            let explanation = explained.map(|witness| explain::json(&named, witness, settings.matching));
            let warnings = in_files(given.into_iter().flat_map(policy::Access::warnings));
            let mut shown = json::outcome(&outcome).beside(warnings);
            shown.explanation = explanation;
            print_json(&shown)?;
        }
        Format::Text => {
            let explanation = explained.map(|witness| explain::text(&named, witness, settings.matching));
            print(&format!("{}{}", text::outcome(&outcome), explanation.unwrap_or_default()))?;
        }
    }
    Ok(match outcome.verdict {
        Verdict::Pass => Exit::Holds,
        Verdict::Fail { .. } => Exit::DoesNotHold,
        Verdict::Unknown(_) => Exit::Unknown,
    })
}
