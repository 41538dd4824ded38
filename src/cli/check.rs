//! `no-new-access`, `access-not-granted`, `equivalent`.

use super::args::{AccessNotGrantedArgs, Asking, EquivalentArgs, Format, NoNewAccessArgs, PolicyType};
use super::{Exit, Trouble, input, print, progress};
use crate::diag::{Budget, Diagnostic};
use crate::policy::Policy;
use crate::question::access_not_granted::{self as not_granted, Access};
use crate::question::ask::Ask;
use crate::question::{Engine, InternalError, Outcome, Settings, Verdict, emit, equivalent as same, no_new_access as no_new};
use crate::report::{json, text};
use anyhow::anyhow;
use std::path::Path;

/// `leastwise no-new-access`
pub(crate) fn no_new_access(args: &NoNewAccessArgs) -> Result<Exit, Trouble> {
    let (existing, new) = (input::policy(&args.existing)?, input::policy(&args.new)?);
    [&existing, &new].into_iter().try_for_each(|policy| check_type(policy, args.policy_type))?;
    let search = no_new::search(&existing, &new);
    emit_smt2(args.emit_smt2.as_deref(), &args.asking, &[("no-new-access.smt2", &search)])?;
    answer(&args.asking, &new, |settings| no_new::no_new_access(&existing, &new, settings))
}

/// `leastwise access-not-granted`
pub(crate) fn access_not_granted(args: &AccessNotGrantedArgs) -> Result<Exit, Trouble> {
    let policy = input::policy(&args.policy)?;
    check_type(&policy, args.policy_type)?;
    let mut access = Access { actions: args.action.clone(), resources: args.resource.clone() };
    if let Some(path) = &args.access {
        let source = input::source(path)?;
        let value = crate::json::read(&source, &Budget::default())?;
        let more = super::line::access(&source, &value)?;
        access.actions.extend(more.actions);
        access.resources.extend(more.resources);
    }
    super::line::check_access(&access)?;
    let search = not_granted::search(&policy, &access);
    emit_smt2(args.emit_smt2.as_deref(), &args.asking, &[("access-not-granted.smt2", &search)])?;
    answer(&args.asking, &policy, |settings| not_granted::access_not_granted(&policy, &access, settings))
}

/// `leastwise equivalent`
pub(crate) fn equivalent(args: &EquivalentArgs) -> Result<Exit, Trouble> {
    let (a, b) = (input::policy(&args.a)?, input::policy(&args.b)?);
    let (only_b, only_a) = (no_new::search(&a, &b), no_new::search(&b, &a));
    let searches = [("only-the-second-grants.smt2", &only_b), ("only-the-first-grants.smt2", &only_a)];
    emit_smt2(args.emit_smt2.as_deref(), &args.asking, &searches)?;
    answer(&args.asking, &b, |settings| same::equivalent(&a, &b, settings))
}

/// A policy of the type it is said to be.
pub(crate) fn check_type(policy: &Policy, said: Option<PolicyType>) -> Result<(), Diagnostic> {
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

fn emit_smt2(folder: Option<&Path>, asking: &Asking, searches: &[(&str, &Ask<'_>)]) -> Result<(), Trouble> {
    let Some(folder) = folder else { return Ok(()) };
    let matching = asking.settings().matching;
    let mut files = Vec::new();
    for (name, search) in searches {
        let question = format!("{}: is there a request that breaks it? unsat: there is none.", name.trim_end_matches(".smt2"));
        let script = emit::script(&question, "unknown", search, matching);
        let script = script.map_err(|unsupported| anyhow!("cannot write the question as SMT-LIB: {unsupported}"))?;
        files.push(((*name).to_owned(), script));
    }
    input::write_all(folder, &files)
}

fn answer(asking: &Asking, blamed: &Policy, ask: impl Fn(&Settings) -> Result<Outcome, InternalError>) -> Result<Exit, Trouble> {
    let settings = asking.settings();
    let spinner = progress::spinner("asking Z3");
    let outcome = ask(&settings)?;
    if asking.cross_check {
        let engine = if settings.engine == Engine::Auto { Engine::Strings } else { Engine::Auto };
        let other = ask(&Settings { engine, ..settings })?;
        let word = |outcome: &Outcome| std::mem::discriminant(&outcome.verdict);
        let decided = |outcome: &Outcome| !matches!(outcome.verdict, Verdict::Unknown(_));
        if decided(&outcome) && decided(&other) && word(&outcome) != word(&other) {
            return Err(anyhow!(
                "the engines disagree: {} says \"{}\", {} says \"{}\"; please report it with the input",
                outcome.proof.engine,
                outcome.message,
                other.proof.engine,
                other.message
            )
            .into());
        }
    }
    drop(spinner);
    match asking.format {
        Format::Json => print(&format!("{}\n", json::outcome(&outcome)))?,
        Format::Text => print(&text::outcome(&outcome, blamed))?,
    }
    Ok(match outcome.verdict {
        Verdict::Pass => Exit::Holds,
        Verdict::Fail { .. } => Exit::DoesNotHold,
        Verdict::Unknown(_) => Exit::Unknown,
    })
}
