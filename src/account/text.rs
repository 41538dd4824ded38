//! A policy of an account as written, and its meaning once somebody asks.
//!
//! An account has thousands of policies, most of which a question never looks into, and managed policies are shared by
//! many. So a document is read, and given its meaning, when it is first asked for, and once.

use crate::diag::{Diagnostics, Source, Span};
use crate::document::{self, Document};
use crate::json::Value;
use crate::policy::{Policy, access_json, normalize};
use crate::sources::Wanted;
use std::sync::OnceLock;

/// A policy document inside an export: an object, or a text that holds one, percent-encoded or not.
#[derive(Debug)]
pub struct PolicyText {
    source: Source,
    value: Value,
    lowered: OnceLock<Result<Box<Lowered>, Diagnostics>>,
}

/// A policy document with its meaning.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// As written, with places in the export.
    pub document: Document,
    /// What it means.
    pub policy: Policy,
}

impl PolicyText {
    /// A policy that stands there.
    pub fn new(source: &Source, value: Value) -> Self {
        Self { source: source.clone(), value, lowered: OnceLock::new() }
    }

    /// The text that it stands in.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Where it stands there.
    pub fn span(&self) -> Span {
        self.value.span
    }

    /// As it stands there.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document and its meaning; or what is wrong with it.
    pub fn read(&self) -> Result<&Lowered, &Diagnostics> {
        let lower = || {
            let document = match self.value.as_str() {
                Some(_) => {
                    let mut document = access_json::document(&self.source, &self.value, Wanted::Policy)?;
                    // That it stands under its own name there is no news.
                    document.warnings.retain(|warning| warning.code != "policy-inside");
                    document
                }
                None => document::read_value(&self.source, self.value.clone())?,
            };
            let policy = normalize(&document)?;
            Ok(Box::new(Lowered { document, policy }))
        };
        self.lowered.get_or_init(lower).as_deref()
    }
}
