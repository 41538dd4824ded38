//! What does a policy document say, as written?
//!
//! The grammar of an IAM policy (IAM User Guide, "Grammar of the IAM JSON policy language"), with the place of every
//! part, before any meaning is given to it. A single value may stand for a list of one wherever the grammar has lists.
//!
//! Invariants: a [`Document`] has passed the grammar; what the grammar forbids is a [`Diagnostic`] with file, line and
//! column. The JSON as read is kept beside it, so that a refined policy can keep everything it does not change.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod edit;
mod functions;
mod read;
mod statement;

pub use edit::{Edit, apply, listed, statements};
pub use read::{read, read_value};

use crate::diag::{Diagnostic, Source, Span};
use crate::json::Value;

/// A part with its place. Equality ignores the place.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The part.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

/// The language version: it decides whether `${...}` is a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// `2008-10-17`, also when the element is absent: no policy variables.
    #[default]
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Allow or Deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Grants, unless something denies.
    Allow,
    /// Denies, whatever grants.
    Deny,
}

/// One policy document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The text it was read from.
    pub source: Source,
    /// The JSON as read.
    pub json: Value,
    /// Its version; 2008-10-17 when absent.
    pub version: Version,
    /// Its `Id`, if any.
    pub id: Option<Spanned<String>>,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// Whether `Statement` was one object and not a list.
    pub single_statement: bool,
    /// What is worth knowing, though the document can be used.
    pub warnings: Vec<Diagnostic>,
}

impl PartialEq for Document {
    /// Equal in every element; places and warnings do not count.
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && self.id == other.id && self.statements == other.statements
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands.
    pub span: Spanned<()>,
    /// Its `Sid`, if any.
    pub sid: Option<Spanned<String>>,
    /// Allow or Deny.
    pub effect: Spanned<Effect>,
    /// `Principal` or `NotPrincipal`; absent in identity policies.
    pub principal: Option<PrincipalElement>,
    /// `Action` or `NotAction`.
    pub action: Listed,
    /// `Resource` or `NotResource`; absent in role trust policies.
    pub resource: Option<Listed>,
    /// `Condition`: operators in order.
    pub condition: Vec<OperatorBlock>,
}

/// An element that has a `Not` form and a list of strings: Action, Resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whether it is the `Not` form.
    pub negated: bool,
    /// Where the key stands.
    pub key_span: Spanned<()>,
    /// The strings.
    pub items: Vec<Spanned<String>>,
}

/// The kinds of principals a `Principal` map names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalType {
    /// Accounts, users, roles, sessions.
    Aws,
    /// AWS services.
    Service,
    /// SAML and OIDC providers.
    Federated,
    /// S3 canonical user ids.
    CanonicalUser,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalElement {
    /// Whether it is the `Not` form.
    pub negated: bool,
    /// Where the key stands.
    pub key_span: Spanned<()>,
    /// Whether it is the bare string `*`.
    pub everyone: bool,
    /// The entries of the map, in order.
    pub entries: Vec<(PrincipalType, Spanned<String>)>,
}

/// One operator of a `Condition` with its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorBlock {
    /// The operator as spelled, with its qualifiers.
    pub operator: Spanned<String>,
    /// Keys and values, in order.
    pub keys: Vec<KeyBlock>,
}

/// One condition key with its values. Booleans and numbers are their JSON spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBlock {
    /// The key as spelled.
    pub key: Spanned<String>,
    /// Its values.
    pub values: Vec<Spanned<String>>,
}
