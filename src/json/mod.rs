//! What does a JSON text say, strictly, and where does each part of it stand?
//!
//! Policies decide who gets in, so no leniency: RFC 8259 and nothing beside it, and an object's key stands once. Two
//! well-kept parsers share the work. `serde_json` is strict about everything but keeps no positions and silently keeps
//! the last of two equal keys; `jsonc-parser`, with all its leniency off, keeps ranges and repeated keys but lets raw
//! control characters, exotic white space and leading zeros pass. A text must please both.
//!
//! Invariants: numbers keep their spelling (no rounding); members keep their order; spans are byte ranges of the text.

mod parts;
mod print;
mod read;
mod syntax;

pub use parts::parts;
pub use read::{SYNTAX, read, read_part};

use crate::diag::Span;

/// A JSON value with its place in the text. Equality ignores the place.
#[derive(Debug, Clone)]
pub struct Value {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The kinds of JSON values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was spelled.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, members in order, keys distinct.
    Object(Vec<Member>),
}

/// One member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Value,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Value {}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Eq for Member {}

impl Value {
    /// A string value that stands nowhere: for documents that are written, not read.
    pub fn string(text: impl Into<String>) -> Self {
        Self { span: Span::default(), kind: Kind::String(text.into()) }
    }

    /// What kind of value it is, in words, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }

    /// The members, if it is an object.
    pub fn members(&self) -> Option<&[Member]> {
        if let Kind::Object(members) = &self.kind { Some(members) } else { None }
    }

    /// The elements, if it is an array.
    pub fn elements(&self) -> Option<&[Value]> {
        if let Kind::Array(elements) = &self.kind { Some(elements) } else { None }
    }

    /// The elements of an array, or the value alone: where AWS takes one thing or a list of them.
    pub fn items(&self) -> &[Value] {
        self.elements().unwrap_or(std::slice::from_ref(self))
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Kind::String(text) = &self.kind { Some(text) } else { None }
    }

    /// The same with the members of every object in the order of their keys.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let kind = match &self.kind {
            Kind::Array(elements) => Kind::Array(elements.iter().map(Self::sorted).collect()),
            Kind::Object(members) => {
                let mut all: Vec<Member> =
                    members.iter().map(|one| Member { value: one.value.sorted(), ..one.clone() }).collect();
                all.sort_by(|a, b| a.key.cmp(&b.key));
                Kind::Object(all)
            }
            other => other.clone(),
        };
        Self { span: self.span, kind }
    }

    /// The member of this key, if it is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.members()?.iter().find(|member| member.key == key).map(|member| &member.value)
    }
}
