//! What does it say of the accounts that a resource's owner is the id of the requester?
//!
//! The `aws:userid` of a root user is the id of its account (`RootIdOfAnotherAccount` in data/impossible-requests.json, see
//! [`crate::wellformed`]). The law relates two keys by a policy variable, and automata decide keys one at a time. Where
//! policies compare `aws:ResourceAccount` with `aws:userid`, it is said with the atom that the two accounts are one: a root
//! user whose id is the owner of the resource is of the owner's account, and the other way around. Of all other identities the laws without variables
//! tell that their ids are not account ids.
//!
//! Invariant: [`Builder::root_ids`] holds of every request that keeps the law.

use super::build::{Builder, RESOURCE_ACCOUNT};
use super::principal;
use super::relation::Relation;
use super::search::Node;
use crate::policy::{Part, Statement, Template, Test, TextMode, Variable};
use crate::request::keys::USER_ID;

/// A comparison of the one key with the other, which stands alone in its template.
pub(super) type Comparison = (&'static str, TextMode, Template);

/// The comparisons in these statements, each once.
pub(super) fn comparisons<'s>(statements: impl Iterator<Item = &'s Statement>) -> Vec<Comparison> {
    let mut out: Vec<Comparison> = Vec::new();
    for condition in statements.flat_map(|statement| &statement.conditions) {
        let Test::Text(mode, templates) = &condition.test else { continue };
        let (key, other) = match condition.key.as_str() {
            RESOURCE_ACCOUNT => (RESOURCE_ACCOUNT, USER_ID),
            USER_ID => (USER_ID, RESOURCE_ACCOUNT),
            _ => continue,
        };
        for template in templates {
            let [Part::Variable(own)] = template.parts.as_slice() else { continue };
            // Of a default the law says nothing: that stands where the other key is absent.
            let variable = Variable { key: own.key.clone(), default: None };
            let comparison = (key, *mode, Template { parts: vec![Part::Variable(Box::new(variable))] });
            if own.key == other && *mode != TextMode::Arn && !out.contains(&comparison) {
                out.push(comparison);
            }
        }
    }
    out
}

impl Builder {
    /// What the law says of these comparisons.
    pub(super) fn root_ids(&mut self, comparisons: &[Comparison]) -> Vec<Node> {
        let mut out = Vec::new();
        for (key, mode, template) in comparisons {
            let (equal, same) = (self.relates(key, *mode, template), self.relation(Relation::SameAccount));
            let other = self.who(principal::root()).not();
            let absent = [RESOURCE_ACCOUNT, USER_ID].map(|key| self.present(key).not());
            out.push(Node::or([other.clone(), equal.not(), same.clone()]));
            out.push(Node::or([other, same.not(), equal].into_iter().chain(absent)));
        }
        out
    }
}
