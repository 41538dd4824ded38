//! Under which conditions were a statement's actions used, and which condition keeps to them?
//!
//! CloudTrail can say how condition keys were evaluated (`eventContext`, which somebody must have asked for). Where every
//! action of an Allow statement was used within the window, every record of it has a context, and each of these has one
//! value of a key, with [`FLOOR`] records of each action for every value at least, the values become a condition. Keys are
//! those that say where a call comes from, on what it acts and how it is secured, not who calls or when. A key that the
//! statement restricts already stays as it is.
//!
//! What this takes away is not proved unused: it is a proposal, marked as such. That it adds nothing is proved, and every
//! logged call is replayed with every value that was seen.
//!
//! Sources: CloudTrail User Guide, "Enrich CloudTrail events by adding resource tag keys and IAM global condition keys"
//! (a key that was not relevant for a decision is not in the record); IAM User Guide, "AWS global condition context keys".

use super::observe::Window;
use super::proposal::{Condition, Evidence, Proposal};
use super::resources::FLOOR;
use crate::catalog::{Catalog, KeyBase, operations, spelled};
use crate::diag::Span;
use crate::document::{self, Document, Effect, Statement};
use crate::evidence::{Activity, When};
use crate::glob::Glob;
use crate::json::{Kind, Member, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Global keys that make a condition; those that end with `/` with a tag's name behind.
const KEYS: [&str; 20] = [
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:Ec2InstanceSourceVpc",
    "aws:MultiFactorAuthPresent",
    "aws:RequestTag/",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceTag/",
    "aws:SecureTransport",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:ViaAWSService",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "ec2:SourceInstanceArn",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceArn",
];

/// How an action was used.
#[derive(Debug)]
pub(super) struct Seen {
    records: u64,
    /// Whether each record has a context.
    whole: bool,
    first: When,
    last: When,
    /// Of each key that every record has with one value: the values.
    keys: BTreeMap<String, BTreeSet<String>>,
}

/// Under which conditions each action was used, in lower case.
pub(super) fn seen(activity: &Activity, window: Window) -> BTreeMap<String, Seen> {
    let mut out: BTreeMap<String, Seen> = BTreeMap::new();
    for ((source, name), used) in activity.uses.iter().filter(|(_, used)| used.last >= window.from) {
        for action in operations::actions_of(source, name).unwrap_or_default() {
            let whole = used.with_context == used.count;
            let action = action.to_ascii_lowercase();
            let Some(known) = out.get_mut(&action) else {
                let (records, first, last, keys) = (used.count, used.first, used.last, used.keys.clone());
                out.insert(action, Seen { records, whole, first, last, keys });
                continue;
            };
            known.add(used.count, whole, [used.first, used.last], &used.keys);
        }
    }
    out
}

impl Seen {
    /// Adds what is known of other records: keys that these have too, with the values of both.
    fn add(&mut self, records: u64, whole: bool, [first, last]: [When; 2], keys: &BTreeMap<String, BTreeSet<String>>) {
        self.records += records;
        self.whole &= whole;
        (self.first, self.last) = (self.first.min(first), self.last.max(last));
        self.keys.retain(|key, values| {
            let other = keys.get(key);
            values.extend(other.into_iter().flatten().cloned());
            other.is_some()
        });
    }
}

/// The document with conditions, and these; `None` if nothing is proposed.
pub(super) fn narrowed(document: &Document, seen: &BTreeMap<String, Seen>) -> Option<(Value, Vec<Proposal>)> {
    let mut json = document.json.clone();
    let mut all = Vec::new();
    for (at, (value, statement)) in document::statements(&mut json).into_iter().zip(&document.statements).enumerate() {
        for proposal in of_statement(at, value, statement, seen) {
            if put(value, &proposal).is_some() {
                all.push(Proposal::Condition(proposal));
            }
        }
    }
    (!all.is_empty()).then_some((json, all))
}

/// What is proposed for one statement.
fn of_statement(at: usize, value: &Value, statement: &Statement, seen: &BTreeMap<String, Seen>) -> Vec<Condition> {
    if statement.effect.value != Effect::Allow || statement.action.negated {
        return Vec::new();
    }
    let Some((actions, whole)) = used(statement, seen) else { return Vec::new() };
    let fewest = actions.iter().filter_map(|action| seen.get(action)).map(|known| known.records).min().unwrap_or_default();
    let evidence = Evidence { records: whole.records, first: whole.first.to_string(), last: whole.last.to_string() };
    let restricted = restricted(value);
    let mut out = Vec::new();
    for (key, values) in &whole.keys {
        let is_few = values.len() < FLOOR && fewest >= (FLOOR * values.len()) as u64;
        if !is_few || restricted.contains(key) || !actions.iter().all(|action| Catalog::latest().carries(action, key)) {
            continue;
        }
        let Some((operator, key)) = condition(key, values, &actions) else { continue };
        let values = values.iter().cloned().collect();
        out.push(Condition { statement_index: at, operator, key, values, evidence: evidence.clone() });
    }
    out
}

/// The actions of a statement, in lower case, and how all of them together were used; `None` if one of them was not, or a
/// record of it has no context.
fn used(statement: &Statement, seen: &BTreeMap<String, Seen>) -> Option<(BTreeSet<String>, Seen)> {
    let mut actions = BTreeSet::new();
    for item in &statement.action.items {
        let glob = Glob::parse(&item.value).to_ascii_lowercase();
        match glob.as_literal() {
            Some(one) => _ = actions.insert(one),
            None => actions.extend(Catalog::latest().matching(&glob).map(|name| name.lower.to_string())),
        }
    }
    let mut all: Option<Seen> = None;
    for action in &actions {
        let known = seen.get(action).filter(|known| known.whole)?;
        match &mut all {
            None => {
                let Seen { records, whole, first, last, .. } = *known;
                all = Some(Seen { records, whole, first, last, keys: known.keys.clone() });
            }
            Some(all) => all.add(known.records, known.whole, [known.first, known.last], &known.keys),
        }
    }
    Some((actions, all?))
}

/// The operator for the values of a key, and the key as AWS spells it; `None` if they make no condition.
fn condition(key: &str, values: &BTreeSet<String>, actions: &BTreeSet<String>) -> Option<(&'static str, String)> {
    let of_type = Catalog::latest().condition_key_type(key).filter(|of| !of.multivalued)?;
    let known = KEYS.iter().find(|known| match known.ends_with('/') {
        true => key.len() > known.len() && key.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)),
        false => key.eq_ignore_ascii_case(known),
    });
    let owner = key.split(':').next()?;
    let is_own = owner != "aws" && actions.iter().all(|action| action.split(':').next() == Some(owner));
    if known.is_none() && !is_own {
        return None;
    }
    // Wildcards and variables would say more than what was seen.
    let is_plain = |value: &String| !value.is_empty() && !value.contains(['*', '?', '$']) && of_type.base.holds(value);
    if !values.iter().all(is_plain) {
        return None;
    }
    let operator = match of_type.base {
        KeyBase::String => "StringEquals",
        KeyBase::Arn => "ArnEquals",
        KeyBase::IpAddress => "IpAddress",
        // That something was not so is no reason to forbid it.
        KeyBase::Bool if values.iter().all(|value| value == "true") => "Bool",
        KeyBase::Bool | KeyBase::Numeric | KeyBase::Date | KeyBase::Binary => return None,
    };
    Some((operator, spelled(key)))
}

/// The keys, in lower case, that a statement's conditions name.
fn restricted(statement: &Value) -> BTreeSet<String> {
    let operators = statement.get("Condition").and_then(Value::members).unwrap_or_default();
    let keys = operators.iter().flat_map(|operator| operator.value.members().unwrap_or_default());
    keys.map(|member| member.key.to_ascii_lowercase()).collect()
}

/// Writes a condition into a statement.
fn put(statement: &mut Value, proposal: &Condition) -> Option<()> {
    let values = match proposal.values.as_slice() {
        [one] => Value::string(one),
        many => nowhere(Kind::Array(many.iter().map(Value::string).collect())),
    };
    let operators = member(members(statement)?, "Condition");
    let keys = member(members(operators)?, proposal.operator);
    *member(members(keys)?, &proposal.key) = values;
    Some(())
}

fn members(value: &mut Value) -> Option<&mut Vec<Member>> {
    match &mut value.kind {
        Kind::Object(members) => Some(members),
        _ => None,
    }
}

/// The member of a name, in any case; an empty object is added where there is none.
fn member<'v>(members: &'v mut Vec<Member>, name: &str) -> &'v mut Value {
    let found = members.iter().position(|member| member.key.eq_ignore_ascii_case(name));
    let at = found.unwrap_or(members.len());
    if found.is_none() {
        let value = nowhere(Kind::Object(Vec::new()));
        members.push(Member { key: name.to_owned(), key_span: Span::default(), value });
    }
    &mut members[at].value
}

/// A value that was not read.
fn nowhere(kind: Kind) -> Value {
    Value { kind, span: Span::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_goes_with_the_keys_type_and_says_no_more_than_was_seen() {
        let of = |key: &str, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            condition(key, &values, &BTreeSet::from(["s3:getobject".to_owned()]))
        };
        let some = |operator, key: &str| Some((operator, key.to_owned()));
        assert_eq!(of("aws:sourcevpce", &["vpce-1", "vpce-2"]), some("StringEquals", "aws:SourceVpce"));
        assert_eq!(of("aws:sourceip", &["192.0.2.1"]), some("IpAddress", "aws:SourceIp"));
        assert_eq!(of("aws:sourcevpcarn", &["arn:aws:ec2:r:1:vpc/v"]), some("ArnEquals", "aws:SourceVpcArn"));
        assert_eq!(of("aws:securetransport", &["true"]), some("Bool", "aws:SecureTransport"));
        assert_eq!(of("aws:resourcetag/team", &["a"]), some("StringEquals", "aws:ResourceTag/team"));
        assert_eq!(of("s3:x-amz-acl", &["private"]), some("StringEquals", "s3:x-amz-acl"));
        for (key, value) in [
            ("aws:securetransport", "false"),
            ("aws:sourceip", "example.com"),
            ("aws:sourcevpce", "vpce-*"),
            ("aws:sourcevpce", "${aws:username}"),
            ("aws:username", "ann"),
            ("aws:currenttime", "2026-05-01T00:00:00Z"),
            ("aws:calledvia", "athena.amazonaws.com"),
            ("aws:resourcetag/", "a"),
            ("kms:viaservice", "s3.eu-west-1.amazonaws.com"),
            ("nobody:knows", "this"),
        ] {
            assert_eq!(of(key, &[value]), None, "{key}");
        }
    }
}
