//! What relates two keys, said once more for each constant that policies compare one of them with.
//!
//! Automata decide keys one at a time. Of two keys that must fit each other (an account that an ARN names and the account
//! itself) only constants tell values apart, as long as policies compare them with constants: a value that none of them
//! names can be exchanged for any other such value. So "if the one is `c`, the other is too" for each constant `c` decides
//! as much as the relation itself; what is left is mended ([`super::mended`]) or asked of Z3.

use super::Keys;
use crate::diag::Span;
use crate::document::Effect;
use crate::policy::{ActionMatch, Condition, Operator, Part, Statement, Template, Test};
use crate::value::arn;
use std::collections::BTreeSet;

/// Constants of a question for which statements are written out.
const MOST_CONSTANTS: usize = 40;

/// What relates two keys, for each constant that the policies compare one of them with.
// Long: one block a relation between keys, all of the same form, in the order of the documentation.
pub(super) fn instances<'s>(named: Keys, statements: impl Iterator<Item = &'s Statement> + Clone) -> Vec<Statement> {
    let has = |keys: &[&str]| keys.iter().all(|key| named.has(key));
    let constants = |keys: &[&str], constant: &dyn Fn(&str, &Template) -> Option<String>| -> BTreeSet<String> {
        let conditions = statements.clone().flat_map(|statement| &statement.conditions);
        let of_keys = conditions.filter(|condition| keys.contains(&condition.key.as_str()));
        let found = of_keys.flat_map(|condition| {
            let templates = if let Test::Text(_, templates) = &condition.test { templates.as_slice() } else { &[] };
            templates.iter().filter_map(|template| constant(&condition.key, template))
        });
        found.take(MOST_CONSTANTS).collect()
    };
    let mut out = Vec::new();
    if has(&["aws:sourcearn", "aws:sourceaccount"]) {
        let account = |key: &str, template: &Template| {
            let whole =
                if key == "aws:sourcearn" { template.split_colons(6).get(4)?.as_literal() } else { template.as_literal() };
            whole.filter(|account| arn::is_account(account))
        };
        for account in constants(&["aws:sourcearn", "aws:sourceaccount"], &account) {
            let of_account = format!("arn:*:*:*:{account}:*");
            let named = ("ArnLike", "aws:sourcearn", "arn:*:*:*:????????????:*");
            out.extend(impossible(&[
                named,
                ("StringEquals", "aws:sourceaccount", &account),
                ("ArnNotLike", "aws:sourcearn", &of_account),
            ]));
            let another = ("StringNotEquals", "aws:sourceaccount", account.as_str());
            out.extend(impossible(&[("Null", "aws:sourceaccount", "false"), another, ("ArnLike", "aws:sourcearn", &of_account)]));
        }
    }
    if has(&["aws:userid"]) {
        let account = |_: &str, template: &Template| {
            let start = template.split_colons(2).first()?.as_literal();
            start.filter(|account| arn::is_account(account))
        };
        for account in constants(&["aws:userid"], &account) {
            let of_federated = format!("{account}:*");
            let (of, not_of) = ("StringEquals", "StringNotEquals");
            for (kind, same, another, id) in [
                ("Account", of, not_of, account.as_str()),
                ("FederatedUser", "StringLike", "StringNotLike", of_federated.as_str()),
            ] {
                let kind = (of, "aws:principaltype", kind);
                out.extend(impossible(&[kind, (of, "aws:principalaccount", &account), (another, "aws:userid", id)]));
                out.extend(impossible(&[kind, (not_of, "aws:principalaccount", &account), (same, "aws:userid", id)]));
            }
            let own_role = ("ArnLike", "aws:principalarn", "arn:*:iam::*:role/*:*");
            let (inside, outside) = (("StringLike", "aws:userid"), ("StringNotLike", "aws:userid"));
            for (account_is, (operator, key)) in [(of, outside), (not_of, inside)] {
                let account = (account_is, "aws:principalaccount", account.as_str());
                out.extend(impossible(&[own_role, account, (operator, key, &of_federated)]));
            }
        }
    }
    let orgs = |keys: &[&str]| {
        if !has(keys) {
            return BTreeSet::new();
        }
        let org = |_: &str, template: &Template| {
            let text: String =
                template.parts.iter().map_while(|part| if let Part::Char(c) = part { Some(*c) } else { None }).collect();
            text.split('/').next().filter(|start| start.starts_with("o-") && !start.contains(['*', '?'])).map(str::to_owned)
        };
        constants(keys, &org)
    };
    for (id, paths) in [("aws:principalorgid", "aws:principalorgpaths"), ("aws:resourceorgid", "aws:resourceorgpaths")] {
        for org in orgs(&[id, paths]) {
            let inside = format!("{org}/*");
            out.extend(impossible(&[("StringEquals", id, &org), ("ForAnyValue:StringNotLike", paths, &inside)]));
            out.extend(impossible(&[
                ("Null", id, "false"),
                ("StringNotEquals", id, &org),
                ("ForAnyValue:StringLike", paths, &inside),
            ]));
        }
    }
    let (own, owner) = ("aws:principalorgid", "aws:resourceorgid");
    for org in orgs(&[own, owner]) {
        for (one, other) in [(own, owner), (owner, own)] {
            let same_account = ("StringEquals", "aws:resourceaccount", "${aws:PrincipalAccount}");
            let another = ("StringNotEquals", other, org.as_str());
            out.extend(impossible(&[same_account, ("StringEquals", one, &org), ("Null", other, "false"), another]));
        }
    }
    out
}

/// A statement that applies where all of these conditions hold: operator, key, value.
fn impossible(conditions: &[(&str, &str, &str)]) -> Option<Statement> {
    let condition = |(operator, key, value): &(&str, &str, &str)| {
        let (operator, _) = Operator::parse(operator)?;
        Some(Condition::new(operator, key, Span::default(), &[*value], true).0)
    };
    Some(Statement {
        index: 0,
        sid: None,
        span: Span::default(),
        effect: Effect::Deny,
        principal: None,
        action: ActionMatch::any(),
        resource: None,
        conditions: conditions.iter().map(condition).collect::<Option<_>>()?,
    })
}
