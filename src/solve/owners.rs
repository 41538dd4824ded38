//! What does it say of accounts that a resource is one of an account's own?
//!
//! An ARN that names an account is of a resource that the account owns: `aws:ResourceAccount` is there and is this one, and a
//! principal is of the same account if it is of this one. Automata decide resource, principal and keys one at a time, so
//! where patterns name one account alone, these laws relate them. Without them a request between two accounts is found only
//! by luck, and that there is none is left to Z3.
//!
//! Invariant: the laws hold of every consistent request ([`crate::request::Request::is_consistent`]).

use super::atoms::{Asked, Atom, Attribute, Element};
use super::build::{Builder, RESOURCE_ACCOUNT};
use super::language::{Test, literal};
use super::principal;
use super::relation::Relation;
use super::search::Node;
use crate::glob::Glob;
use crate::policy::ResourcePattern;
use crate::value::arn;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// Accounts that one list of resources is told apart by.
pub(super) const MOST_OWNERS: usize = 8;

/// The one account whose resources a pattern matches. Of a pattern that matches other texts than ARNs, too, nobody says whose
/// those are.
pub(super) fn owner(pattern: &ResourcePattern) -> Option<String> {
    let [start, _, _, _, account, _] = pattern.parts.as_ref()?;
    start.as_literal().filter(|start| start == "arn")?;
    account.as_literal().filter(|account| arn::is_account(account))
}

impl Builder {
    /// The laws of the resources that these formulas test, as far as they ask about accounts.
    pub(super) fn owned_by(&mut self, parts: &[Node]) -> Vec<Node> {
        let key = Attribute::Key(RESOURCE_ACCOUNT.into());
        let (is_known, is_compared) = (self.atoms.is_asked(Relation::present(RESOURCE_ACCOUNT)), self.atoms.has(&key));
        let is_related = self.atoms.is_asked(Relation::SameAccount);
        if !(is_compared && is_related) && (self.owners.is_empty() || !(is_known || is_compared || is_related)) {
            return Vec::new();
        }
        let mut tested = Tested::default();
        parts.iter().for_each(|part| tested.add(part));
        let named: Vec<(usize, String)> = self
            .owners
            .iter()
            .filter(|(atom, _)| tested.atoms.contains(*atom))
            .map(|(atom, owner)| (*atom, owner.clone()))
            .collect();
        let mut out = if is_compared && is_related { self.owned_as(&tested, &key) } else { Vec::new() };
        for (atom, owner) in named {
            let mut laws = Vec::new();
            if is_known {
                laws.push(self.present(RESOURCE_ACCOUNT));
            }
            if is_compared {
                laws.push(self.text(key.clone(), Test { patterns: vec![literal(&owner)] }));
            }
            if is_related {
                laws.push(self.is_of(&owner));
            }
            out.push(Node::or([Node::Literal(atom, false), Node::and(laws)]));
        }
        out
    }

    /// The laws of owners that are told by `aws:ResourceAccount` alone, as a bucket's is: where it is one of a few accounts, a
    /// principal of the same one is of one of these, and where the two are of one account, the principal's tells the owner.
    fn owned_as(&mut self, tested: &Tested, key: &Attribute) -> Vec<Node> {
        let accounts = |atom: &Atom| -> Option<Vec<String>> {
            let Asked::Passes(Element::Text(test), false) = &atom.asked else { return None };
            let few = test.literals.as_ref().filter(|accounts| (1..=MOST_OWNERS).contains(&accounts.len()))?;
            few.iter().all(|account| arn::is_account(account)).then(|| few.clone())
        };
        let of_key: Vec<(usize, Vec<String>)> = self
            .atoms
            .of(key)
            .filter(|(number, _)| tested.atoms.contains(number))
            .filter_map(|(number, atom)| Some((number, accounts(atom)?)))
            .collect();
        let mut out = Vec::new();
        for (atom, accounts) in of_key {
            let (absent, other) = (self.present(RESOURCE_ACCOUNT).not(), self.relation(Relation::SameAccount).not());
            for account in &accounts {
                let own = self.who(principal::account(&Glob::literal(account)));
                out.push(Node::or([absent.clone(), other.clone(), own.not(), Node::Literal(atom, true)]));
            }
            let law = match accounts.as_slice() {
                [one] => self.is_of(one),
                several => {
                    let own = several.iter().map(|account| self.who(principal::account(&Glob::literal(account))));
                    Node::or(std::iter::once(other).chain(own.collect::<Vec<_>>()).collect::<Vec<_>>())
                }
            };
            out.push(Node::or([Node::Literal(atom, false), absent, law]));
        }
        out
    }

    /// A principal is of the owner's account if it is of this one.
    fn is_of(&mut self, owner: &str) -> Node {
        let (same, own) = (self.relation(Relation::SameAccount), self.who(principal::account(&Glob::literal(owner))));
        Node::and([Node::or([same.clone().not(), own.clone()]), Node::or([same, own.not()])])
    }
}

/// The atoms of formulas, which share their parts.
#[derive(Default)]
struct Tested {
    atoms: FxHashSet<usize>,
    seen: FxHashSet<*const Node>,
}

impl Tested {
    fn add(&mut self, node: &Node) {
        match node {
            Node::Const(_) => {}
            Node::Literal(atom, _) => _ = self.atoms.insert(*atom),
            Node::And(parts) | Node::Or(parts) => {
                if self.seen.insert(Rc::as_ptr(parts).cast()) {
                    parts.iter().for_each(|part| self.add(part));
                }
            }
        }
    }
}
