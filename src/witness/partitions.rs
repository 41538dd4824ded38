//! Does a request stand in a partition that exists?
//!
//! Questions are about all texts, so a policy that names every partition differs from `arn:*`. But people run one of the
//! partitions that exist, and credentials of one reach nothing in another: so a witness is moved to one that exists, its
//! principal and its resource to the same, wherever it still shows the same ([`settle`]). Where that does not do, the search
//! is asked again within each partition that the policies can tell from the others ([`told_apart`], [`in_partition`]); what only
//! another partition shows is then said to be so.
//!
//! Source: [`crate::catalog::PARTITIONS`].

use crate::catalog::{PARTITIONS, Partition};
use crate::diag::{Budget, Source};
use crate::glob::Glob;
use crate::policy::{Access, Policy, PrincipalPattern, ResourcePattern, Statement, Template, Test};
use crate::query::Query;
use crate::request::derived::{ValueForm, form_of};
use crate::request::{Principal, Request};
use crate::value::arn;
use serde_json::json;

/// Why no request looks like this one, if its ARNs' partitions say so.
pub(super) fn doubt(request: &Request) -> Option<String> {
    let principal = if let Principal::Aws(own) = &request.principal { of(own) } else { None };
    let resource = of(&request.resource);
    if let Some(unknown) = principal.into_iter().chain(resource).find(|name| Partition::named(name).is_none()) {
        return Some(format!("no partition is named {unknown}"));
    }
    match (principal, resource) {
        (Some(own), Some(other)) if own != other => {
            Some(format!("credentials of the partition {own} reach no resources of {other}"))
        }
        _ => None,
    }
}

/// The partition that an ARN names.
fn of(text: &str) -> Option<&str> {
    arn::split(text).map(|[_, partition, ..]| partition)
}

/// Moves a request to a partition that exists, if that shows the same; `aws` if it can be.
pub(super) fn settle(best: &mut Request, shows: &dyn Fn(&Request) -> bool) {
    let is_first = |request: &Request| of(&request.resource).is_none_or(|name| name == FIRST.name) && doubt(request).is_none();
    if is_first(best) {
        return;
    }
    let is_settled = doubt(best).is_none();
    // Where it stands it is well, if it cannot be moved to the first.
    for partition in PARTITIONS.into_iter().take(if is_settled { 1 } else { PARTITIONS.len() }) {
        for moves in [Moves::All, Moves::PrincipalAndResource] {
            let candidate = moved(best, partition, moves);
            if candidate != *best && doubt(&candidate).is_none() && shows(&candidate) {
                *best = candidate;
                return;
            }
        }
    }
}

const FIRST: Partition = PARTITIONS[0];

/// What is moved to another partition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// Whatever is an ARN.
    All,
    /// The principal, what follows from it, and the resource.
    PrincipalAndResource,
}

fn moved(request: &Request, partition: Partition, moves: Moves) -> Request {
    let to = |text: &str| {
        let Some([_, old, service, region, account, rest]) = arn::split(text) else { return text.to_owned() };
        // A Region is of one partition.
        let own = Partition::named(old).is_some_and(|old| old != partition && old.region == region);
        let region = if own { partition.region } else { region };
        ["arn", partition.name, service, region, account, rest].join(":")
    };
    let mut out = request.clone();
    out.resource = to(&request.resource);
    if let Principal::Aws(own) = &mut out.principal {
        *own = to(own);
    }
    for (key, values) in &mut out.context {
        if moves == Moves::All || form_of(key) == Some(ValueForm::Arn) {
            values.iter_mut().for_each(|value| *value = to(value));
        }
    }
    out
}

/// One partition of each kind that the policies of a search tell apart.
pub(super) fn told_apart(query: &Query<'_>) -> Vec<Partition> {
    let Some(globs) = globs(query) else { return PARTITIONS.to_vec() };
    let mut seen: Vec<Vec<bool>> = Vec::new();
    let mut out = Vec::new();
    for partition in PARTITIONS {
        let kind: Vec<bool> = globs.iter().map(|glob| glob.matches(partition.name)).collect();
        if !seen.contains(&kind) {
            seen.push(kind);
            out.push(partition);
        }
    }
    out
}

/// The globs that stand for a partition in the policies of a search; `None` if some text is not cut into parts.
fn globs(query: &Query<'_>) -> Option<Vec<Glob>> {
    let policies = query.grants.policies().chain(query.unless.into_iter().flat_map(Access::policies)).chain(&query.within);
    if query.resources.iter().flatten().any(ResourcePattern::is_one_text) {
        return None;
    }
    let mut out = Vec::new();
    let mut add = |glob: Glob| {
        for glob in [glob.to_ascii_lowercase(), glob] {
            if !out.contains(&glob) {
                out.push(glob);
            }
        }
    };
    let one_text = |patterns: &[ResourcePattern]| patterns.iter().any(ResourcePattern::is_one_text);
    for statement in policies.flat_map(|policy| &policy.statements) {
        if statement.resource.as_ref().is_some_and(|resource| one_text(&resource.patterns)) {
            return None;
        }
        for pattern in statement.principal.iter().flat_map(|principal| &principal.patterns) {
            if let PrincipalPattern::Arn(parts) = pattern {
                let [_, partition, ..] = parts.as_ref();
                add(partition.clone());
            }
        }
        for template in templates(statement).chain(query.resources.iter().flatten().map(|pattern| &pattern.whole)) {
            if let Some(glob) = part(template)? {
                add(glob);
            }
        }
    }
    Some(out)
}

/// The resource patterns, and what the principal's ARN is compared with.
fn templates(statement: &Statement) -> impl Iterator<Item = &Template> {
    let resources = statement.resource.iter().flat_map(|resource| &resource.patterns).map(|pattern| &pattern.whole);
    let conditions = statement.conditions.iter().filter(|condition| form_of(&condition.key) == Some(ValueForm::Arn));
    let compared = conditions.flat_map(|condition| match &condition.test {
        Test::Text(_, templates) => templates.as_slice(),
        _ => &[],
    });
    resources.chain(compared)
}

/// The glob of a pattern's partition, if it has one; the outer `None` if it cannot be told.
fn part(template: &Template) -> Option<Option<Glob>> {
    let parts = template.split_colons(6);
    if parts.len() == 1 && template.as_glob().is_some_and(|glob| glob.is_everything()) {
        return Some(None);
    }
    let glob = parts.get(1)?.as_glob()?;
    let starts = parts.first().and_then(Template::as_literal).as_deref() == Some("arn");
    // A short pattern is matched as one text, where only letters stay within their part.
    let is_cut = parts.len() == 6 || !glob.has_wildcard();
    (starts && is_cut).then_some(Some(glob))
}

/// The same query about the requests of one partition.
pub(super) fn in_partition<'p>(query: &Query<'p>, partition: Partition) -> Option<Query<'p>> {
    let mut within = within(partition)?;
    within.statements.extend(query.within.iter().flat_map(|given| given.statements.iter().cloned()));
    Some(Query { within: Some(within), ..query.clone() })
}

/// One statement that applies to the requests within a partition.
fn within(partition: Partition) -> Option<Policy> {
    let any = format!("arn:{}:*:*:*:*", partition.name);
    let statement = json!({
        "Effect": "Allow", "Action": "*", "Resource": [any.clone(), "${*}"], "Condition": {"ArnLikeIfExists": {"aws:PrincipalArn": any}},
    });
    let text = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    Policy::read(&Source::new("the partition", text), &Budget::default()).ok()
}
