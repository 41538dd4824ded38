//! Is a policy the original without the unused permissions?

use super::line::Line;
use super::refine::{Without, text, write_proof};
use super::written::{CatalogName, Id, Policy};
use super::{Failed, Options, crossed};
use crate::document::Document;
use crate::question::Settings;
use crate::refine;
use crate::report::{Found, Report};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Is a policy the original without the unused permissions?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy as it was.
    pub original: Policy,
    /// The refined policy.
    pub refined: Policy,
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
    #[serde(rename = "verify")]
    Own,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct Verify {
    /// The policy as it was.
    pub original: Document,
    /// The refined policy.
    pub refined: Document,
    /// What the original does not use.
    pub without: Without,
}

impl Verify {
    /// Proves or refutes it.
    ///
    /// # Errors
    /// A document is not a policy; a defect, a contradiction between the engines, or files that cannot be written.
    pub fn answer(&self, options: &Options) -> Result<Report, Failed> {
        let Self { original, refined, without } = self;
        without.write_smt2([original, refined], options)?;
        let ask = |settings: &Settings| -> Result<Report, Failed> {
            let (under, notes) = (without.under(settings), without.notes.clone());
            Ok(match refine::verify(original, refined, &without.unused, &without.catalog, settings)? {
                Ok(obligations) => Found::Verified { obligations, notes, under }.report(),
                Err(failure) => Found::Unproved { verifies: true, failure: Box::new(failure), notes, under }.report(),
            })
        };
        let inputs = || vec![text("original", original), text("refined", refined)];
        let report = crossed::check(ask(&options.settings)?, options, inputs, ask)?;
        if let Found::Verified { obligations, .. } = &report.found {
            write_proof(obligations, options)?;
        }
        Ok(report)
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    line.about_all_actions(&options.settings)?;
    let (original, refined) = (line.document("original")?, line.document("refined")?);
    Verify { original, refined, without: line.without(options.allow_unknown)? }.answer(options)
}
