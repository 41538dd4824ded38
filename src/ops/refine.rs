//! Which policy is the original without the unused permissions?

use super::line::Line;
use super::written::{CatalogName, Id, Policy};
use super::{Failed, Options, crossed};
use crate::catalog::Catalog;
use crate::diag::Source;
use crate::document::{self, Document};
use crate::question::Settings;
use crate::refine::obligations::{self, Obligation, Question};
use crate::refine::unused::UnusedActions;
use crate::refine::{self, Outcome};
use crate::report::{Found, Report, Under, proof};
use crate::usage::UnusedPermissions;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// Which policy is the original without the unused permissions?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy.
    pub policy: Policy,
    /// The unused permissions: a list of services with their actions, or findings as AWS returns them.
    pub unused: Value,
    /// Of findings about several roles or users, the ARN of the one that counts.
    pub resource: Option<String>,
    /// Which catalog of actions counts; the newest by default.
    pub catalog: Option<CatalogName>,
    /// Whether to take names that the catalog does not know all the same.
    pub allow_unknown: Option<bool>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "refine")]
    Own,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct Refine {
    /// The policy.
    pub original: Document,
    /// What it does not use.
    pub without: Without,
}

/// Unused permissions, and the catalog that they are named by.
#[derive(Debug, Clone)]
pub struct Without {
    /// The permissions.
    pub unused: UnusedPermissions,
    /// What is worth knowing about their names.
    pub notes: Vec<String>,
    /// The catalog.
    pub catalog: Cow<'static, Catalog>,
}

impl Refine {
    /// Refines, and proves it.
    ///
    /// # Errors
    /// The policy is not one; a defect, a contradiction between the engines, or files that cannot be written.
    pub fn answer(&self, options: &Options) -> Result<Report, Failed> {
        let Without { unused, notes, catalog } = &self.without;
        let ask = |settings: &Settings| -> Result<Report, Failed> {
            let under = self.without.under(settings);
            Ok(match refine::refine(&self.original, unused, catalog, settings)? {
                Outcome::Proved(mut refinement) => {
                    refinement.notes.splice(0..0, notes.iter().cloned());
                    Found::Refined { refinement, under }.report()
                }
                Outcome::NotProved(failure) => {
                    let notes = notes.clone();
                    Found::Unproved { verifies: false, failure: Box::new(failure), notes, under }.report()
                }
            })
        };
        let inputs = || vec![text("original", &self.original)];
        let report = crossed::check(ask(&options.settings)?, options, inputs, ask)?;
        if let Found::Refined { refinement, .. } = &report.found {
            let text = Source::new("refined policy", refinement.policy.to_pretty());
            if options.emit_smt2.is_some() {
                let refined = document::read(&text, &options.settings.budget)?;
                self.without.write_smt2([&self.original, &refined], options)?;
            }
            write_proof(&refinement.obligations, options)?;
        }
        Ok(report)
    }
}

impl Without {
    /// What a proof counts on.
    pub(super) fn under(&self, settings: &Settings) -> Under {
        Under { catalog: self.catalog.clone(), settings: *settings }
    }

    /// Writes the obligations as SMT-LIB, if that is wanted.
    pub(super) fn write_smt2(&self, [original, refined]: [&Document; 2], options: &Options) -> Result<(), Failed> {
        options.write_smt2(|| {
            let unused = UnusedActions::new(&self.unused, &self.catalog);
            let question = Question { original, refined, unused: &unused, catalog: &self.catalog };
            let scripts = obligations::scripts(&question, &options.settings);
            scripts.map_err(|error| Failed::Other(format!("cannot write the obligations: {error}")))
        })
    }
}

/// Writes what the obligations rest on, if that is wanted.
pub(super) fn write_proof(proved: &[Obligation], options: &Options) -> Result<(), Failed> {
    options.write_proof(|| {
        let parts: Vec<_> = proved.iter().map(|proved| (proved.id.name(), proved.checked.obligations.as_slice())).collect();
        proof::files(&parts)
    })
}

/// A policy, by what it is called.
pub(super) fn text(side: &str, document: &Document) -> Value {
    serde_json::json!({"side": side, "policies": [{"name": side, "text": document.json.to_string()}]})
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    line.about_all_actions(&options.settings)?;
    let original = line.document("policy")?;
    Refine { original, without: line.without(options.allow_unknown)? }.answer(options)
}
