//! Which resources does no action of their statement take, and which actions none of its resources?
//!
//! The catalog lists the formats of the ARNs that an action takes. A pattern and a format that have no text in common never
//! meet in a request. Actions whose formats are not known take anything; a lone `*` is every resource.

use super::proved_of_catalog;
use crate::lint::arn::opened;
use crate::lint::registry::Emit;
use crate::lint::rules::cover::{Glob, meet};
use crate::lint::view::{Policy, Statement, Text};

/// The formats of all resources that the actions of a pattern take; `None` if some action may take what is not known.
fn formats(policy: &Policy<'_>, action: &Text<'_>) -> Option<Vec<Glob>> {
    let lower = action.text.to_ascii_lowercase();
    let (prefix, _) = lower.split_once(':')?;
    if prefix.contains(['*', '?']) {
        return None;
    }
    let glob = Glob::parse(&lower);
    let (mut out, mut any) = (Vec::new(), false);
    for name in policy.catalog.matching(&glob) {
        any = true;
        out.extend(policy.catalog.resource_arns(&name.lower)?.iter().map(|arn| Glob::parse(arn)));
    }
    // A name that the catalog does not know may take anything.
    any.then_some(out)
}

/// The formats of each action of a statement with resources, if all are known.
fn known<'s, 'a>(policy: &Policy<'_>, statement: &'s Statement<'a>) -> Option<Vec<(&'s Text<'a>, Vec<Glob>)>> {
    if statement.not_action.is_some() || statement.resources().is_empty() {
        return None;
    }
    statement.actions().iter().map(|action| Some((action, formats(policy, action)?))).collect()
}

fn pattern(value: &Text<'_>) -> Glob {
    Glob::parse(&opened(value.text))
}

/// `RESOURCE_NO_ACTION_TAKES`
pub(crate) fn resource(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let Some(known) = known(policy, statement) else { continue };
        for value in statement.resources().iter().filter(|value| value.text.starts_with("arn:")) {
            let glob = pattern(value);
            if !known.iter().flat_map(|(_, formats)| formats).any(|format| meet(&glob, format)) {
                let details = format!("no action of this statement is about a resource `{}`", value.text);
                emit.proved(&value.at, details, proved_of_catalog("no format of a resource of these actions fits it"));
            }
        }
    }
}

/// `ACTION_TAKES_NO_LISTED_RESOURCE`
pub(crate) fn action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| one.not_action.is_none() && !one.resources().is_empty()) {
        let resources: Vec<Glob> = statement.resources().iter().map(pattern).collect();
        if resources.iter().any(Glob::is_everything) || statement.resources().iter().any(|one| !one.text.starts_with("arn:")) {
            continue;
        }
        for action in statement.actions() {
            let Some(formats) = formats(policy, action) else { continue };
            if !formats.iter().any(|format| resources.iter().any(|glob| meet(glob, format))) {
                let details = match formats.is_empty() {
                    true => format!("`{}` is about no resource in particular: it needs Resource *", action.text),
                    false => format!("`{}` is about none of the resources of this statement", action.text),
                };
                emit.proved(&action.at, details, proved_of_catalog("no format of its resources fits one of the list"));
            }
        }
    }
}
