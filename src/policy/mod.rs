//! What does a policy mean, before anyone evaluates or encodes it?
//!
//! The intermediate representation (IR): statements with actions as globs in lower case, resources and condition values
//! as templates (text, wildcards, policy variables), conditions as one test with a quantifier and an answer for an absent
//! key. `eval/` and `encode/` both read it and share nothing else; that is what makes their agreement mean something.
//!
//! Invariants: everything that needs the document's version (variables), the operator's qualifiers (`IfExists`,
//! `ForAllValues`) or a value's type (numbers, dates, addresses) is settled here. Spans point into the document.

pub mod access;
pub mod access_json;
mod applying;
pub mod compose;
pub mod condition;
mod lacking;
mod names;
pub mod normalize;
pub mod open;
pub mod operator;
mod own_account;
mod parse;
pub mod places;
pub mod predicate;
pub mod principal;
mod principal_warnings;
pub mod readings;
pub mod resource;
pub mod resource_policy;
pub mod spelling;
pub mod template;
pub mod unreadable;

pub use access::{Access, Stack};
pub use condition::{Condition, Quantifier, Test};
pub use lacking::Known;
pub use normalize::normalize;
pub use operator::{BaseOperator, Operator, Order, TextMode};
pub use principal::{PrincipalMatch, PrincipalPattern};
pub use readings::{ArnMatching, Readings};
pub use resource::{ResourceMatch, ResourcePattern};
pub use resource_policy::{Assumed, ResourcePolicy};
pub use template::{Part, Template, Variable};

use crate::diag::{Diagnostic, Source, Span};
use crate::document::Effect;
use crate::glob::Glob;
use crate::glob::index::Index;
use std::sync::OnceLock;

/// One policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The text it was read from.
    pub source: Source,
    /// Where in that text it stands.
    pub span: Span,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// What is worth knowing about it.
    pub warnings: Vec<Diagnostic>,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its place among the document's statements, from 0.
    pub index: usize,
    /// Its Sid, if it has one that is not empty.
    pub sid: Option<String>,
    /// Where it stands.
    pub span: Span,
    /// Allow or Deny.
    pub effect: Effect,
    /// Who; `None` where the policy type has no principals (everyone it is attached to).
    pub principal: Option<PrincipalMatch>,
    /// Which actions.
    pub action: ActionMatch,
    /// Which resources; `None` in a trust policy, whose resource is the role.
    pub resource: Option<ResourceMatch>,
    /// Under which conditions: all of them must hold.
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// The keys that it names, in conditions or by policy variables, in lower case; some more than once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let of_resource = self.resource.iter().flat_map(|resource| &resource.patterns).flat_map(ResourcePattern::variables);
        let of_conditions = self.conditions.iter().flat_map(Condition::variables);
        let variables = of_resource.chain(of_conditions).map(|variable| variable.key.as_str());
        self.conditions.iter().map(|condition| condition.key.as_str()).chain(variables)
    }
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone)]
pub struct ActionMatch {
    /// Whether it is `NotAction`: the complement of the whole list.
    pub negated: bool,
    patterns: Vec<Glob>,
    spans: Vec<Span>,
    /// The patterns filed by prefix, for long lists, once they are asked.
    index: OnceLock<Box<Index>>,
}

impl PartialEq for ActionMatch {
    fn eq(&self, other: &Self) -> bool {
        (self.negated, &self.patterns, &self.spans) == (other.negated, &other.patterns, &other.spans)
    }
}

impl Eq for ActionMatch {}

impl ActionMatch {
    /// Lists up to this length are asked pattern by pattern.
    const SHORT: usize = 8;

    /// Patterns over `service:name`, in lower case, each with its place.
    pub fn new(negated: bool, patterns: impl IntoIterator<Item = (Glob, Span)>) -> Self {
        let (patterns, spans) = patterns.into_iter().unzip();
        Self { negated, patterns, spans, index: OnceLock::new() }
    }

    /// Every action.
    pub fn any() -> Self {
        Self::new(true, [])
    }

    /// The patterns over `service:name`, in lower case: actions match without case.
    pub fn patterns(&self) -> &[Glob] {
        &self.patterns
    }

    /// Where each pattern stands.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether it applies to an action in lower case.
    pub fn applies(&self, action: &str) -> bool {
        let listed = if self.patterns.len() <= Self::SHORT {
            self.patterns.iter().any(|pattern| pattern.matches(action))
        } else {
            self.index.get_or_init(|| Box::new(Index::new(&self.patterns))).matches(action)
        };
        listed != self.negated
    }
}

impl Policy {
    /// Reads a policy document and gives it its meaning; the errors name every place.
    pub fn read(source: &Source, budget: &crate::diag::Budget) -> Result<Self, crate::diag::Diagnostics> {
        normalize(&crate::document::read(source, budget)?)
    }

    /// Whether any statement names principals, as resource and trust policies do.
    pub fn has_principals(&self) -> bool {
        self.statements.iter().any(|statement| statement.principal.is_some())
    }
}
