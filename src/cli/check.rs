//! `no-new-access`, `access-not-granted`, `no-public-access`, `equivalent`: files and arguments in, a view and an exit code
//! out.

use super::args::{AccessNotGrantedArgs, EquivalentArgs, NoNewAccessArgs, NoPublicAccessArgs, Picking};
use super::switches::{Asking, PolicyType, Viewing};
use super::{Exit, Trouble, input, progress, show_answer};
use crate::diag::{Diagnostic, Source, Span};
use crate::ops::access_not_granted::AccessNotGranted;
use crate::ops::equivalent::Equivalent;
use crate::ops::listed::Listed;
use crate::ops::no_new_access::NoNewAccess;
use crate::ops::no_public_access::NoPublicAccess;
use crate::ops::opened::{self, Opened, Side};
use crate::ops::question::{self, Question};
use crate::ops::{Options, fitting};
use crate::policy::Access;
use crate::report::warnings::in_files;
use crate::sources::Wanted;
use anyhow::anyhow;
use std::path::Path;
use std::sync::Arc;

/// Reads a policy, or a stack of policies; warnings go to standard error.
fn read(path: &Path, picking: &Picking) -> Result<Side, Trouble> {
    let side = opened::read(&input::source(path)?, picking.named.as_deref(), &picking.template.given()?)?;
    input::warn(side.access.warnings());
    Ok(side)
}

/// What the sides leave open.
fn opened_of<const N: usize>(sides: [&Side; N], picking: &Picking) -> Result<Opened, Trouble> {
    Ok(Opened::of(sides, &picking.template.given()?)?)
}

/// The policies of a principal; warnings go to standard error.
fn told(access: Access) -> Access {
    input::warn(access.warnings());
    access
}

/// `leastwise no-new-access`
pub(crate) fn no_new_access(args: &NoNewAccessArgs) -> Result<Exit, Trouble> {
    let (existing, new, opened) = match (args.whose.read()?, &args.new) {
        // One policy stands in the place of the principal's own; a stack says everything by itself.
        (Some(principal), _) => {
            let given = read(&args.existing, &args.picking)?;
            let opened = opened_of([&given], &args.picking)?.refused()?;
            let given = given.access;
            let new = if given.is_alone() {
                fitting::check_type(&given, Some(PolicyType::Identity.said()))?;
                told(principal.access(given.policies().next().cloned())?)
            } else {
                principal.asked(Access::clone(&given))?
            };
            (Arc::new(told(principal.access(None)?)), Arc::new(new), opened)
        }
        (None, Some(new)) => {
            let (existing, new) = (read(&args.existing, &args.picking)?, read(new, &args.picking)?);
            let opened = opened_of([&new, &existing], &args.picking)?;
            let (new, existing) = opened::alike(new, existing)?;
            (existing, new, opened)
        }
        (None, None) => return Err(anyhow!("NEW is missing").into()),
    };
    let said = args.policy_type.map(PolicyType::said);
    [&existing, &new].into_iter().try_for_each(|access| fitting::check_type(access, said))?;
    let files = args.files();
    answer(&NoNewAccess::new(existing, new)?, &opened, &args.asking, (&files, args.viewing))
}

/// `leastwise access-not-granted`
pub(crate) fn access_not_granted(args: &AccessNotGrantedArgs) -> Result<Exit, Trouble> {
    let (policy, mut opened) = match (args.whose.read()?, &args.policy) {
        (Some(principal), _) => (Arc::new(told(principal.access(None)?)), Opened::none()),
        (None, Some(policy)) => {
            let policy = read(policy, &args.picking)?;
            let opened = opened_of([&policy], &args.picking)?;
            (policy.access, opened)
        }
        (None, None) => return Err(anyhow!("POLICY is missing").into()),
    };
    fitting::check_type(&policy, args.policy_type.map(PolicyType::said))?;
    let mut listed = Listed::arguments(&args.action, &args.resource);
    if let Some(path) = &args.access {
        let (source, value) = input::json(path, Wanted::Other)?;
        listed.add_json(&source, &value)?;
    }
    let asked = AccessNotGranted::new(policy, listed, args.unknowns.allow_unknown)?;
    opened.named.extend(asked.resources().iter().cloned());
    answer(&asked, &opened, &args.asking, (&args.files(), args.viewing))
}

/// `leastwise no-public-access`
pub(crate) fn no_public_access(args: &NoPublicAccessArgs) -> Result<Exit, Trouble> {
    let policy = read(&args.policy, &args.picking)?;
    let opened = opened_of([&policy], &args.picking)?;
    let of = Source::new("--resource-type", args.resource_type.as_str());
    let place = (&of, Span::new(0, args.resource_type.len()));
    let asked = NoPublicAccess::new(policy.access, &args.resource_type, place)?;
    answer(&asked, &opened, &args.asking, (&[&args.policy], args.viewing))
}

/// `leastwise equivalent`
pub(crate) fn equivalent(args: &EquivalentArgs) -> Result<Exit, Trouble> {
    let (a, b) = (read(&args.a, &args.picking)?, read(&args.b, &args.picking)?);
    let opened = opened_of([&a, &b], &args.picking)?;
    let (a, b) = opened::alike(a, b)?;
    answer(&Equivalent::new(a, b)?, &opened, &args.asking, (&[&args.a, &args.b], args.viewing))
}

fn answer(
    asked: &impl Question,
    opened: &Opened,
    asking: &Asking,
    (files, viewing): (&[&Path], Viewing),
) -> Result<Exit, Trouble> {
    // On a command line there is one question: what another reading would say is always told.
    let options = Options { remarks: true, ..asking.options() };
    let spinner = progress::spinner("asking Z3");
    let report = question::answer(asked, opened, &options)?;
    drop(spinner);
    let odd: Vec<Diagnostic> = asked.sides().into_iter().flat_map(|(_, access)| access.warnings().cloned()).collect();
    show_answer(&report.beside(in_files(&odd)), &odd, files, viewing.format)
}
