//! What do the questions with a verdict have in common? `no-new-access`, `access-not-granted`, `no-public-access` and
//! `equivalent` are each a [`Question`]; [`answer`] is what happens to any of them, from top to bottom.

use super::opened::Opened;
use super::{Failed, Options, crossed, remarks};
use crate::policy::{Access, Readings};
use crate::query::Query;
use crate::question::{InternalError, Outcome, Settings, Verdict};
use crate::report::{Explained, Found, Report, proof};
use crate::search::export;
use std::sync::Arc;

/// A question with a verdict about access definitions.
pub trait Question: Sized {
    /// The access definitions that it is about, each with what it is called.
    fn sides(&self) -> Vec<(&'static str, &Arc<Access>)>;

    /// The same question about other access definitions, which come in the order of the sides.
    #[must_use]
    fn about(&self, other: impl FnMut(&Arc<Access>) -> Arc<Access>) -> Self;

    /// The searches that find nothing if it holds, each with the name of its file.
    fn searches(&self, settings: &Settings) -> Vec<(&'static str, Query<'_>)>;

    /// Its verdict; the access definitions are as they were read.
    ///
    /// # Errors
    /// A defect: a witness that does not replay.
    fn ask(&self, settings: &Settings) -> Result<Outcome, InternalError>;

    /// The same question about the policies as they are read.
    #[must_use]
    fn read_as(&self, readings: Readings) -> Self {
        self.about(|access| read_as(access, readings))
    }
}

/// A policy, or stack, as it is read.
pub(super) fn read_as(access: &Arc<Access>, readings: Readings) -> Arc<Access> {
    access.read_as(readings).map_or_else(|| access.clone(), Arc::new)
}

/// Answers a question; where its policies stand in templates, for all values that these leave open.
///
/// # Errors
/// A defect, a contradiction between the engines, or files that cannot be written.
pub fn answer(asked: &impl Question, opened: &Opened, options: &Options) -> Result<Report, Failed> {
    let settings = &options.settings;
    let read = asked.read_as(settings.readings);
    write_smt2(&read.searches(settings), options)?;
    let first = verdict(read.ask(settings)?);
    let inputs = || crossed::texts(&asked.sides());
    let mut report = crossed::check(first, options, inputs, |crossed| Ok(verdict(read.ask(crossed)?)))?;
    if let Found::Verdict { outcome, explained } = &mut report.found {
        if options.remarks {
            remarks::remark(outcome, settings, asked)?;
        }
        opened.for_all_values(outcome, settings, asked)?;
        if let (Some(checked), Verdict::Pass) = (&outcome.checked, &outcome.verdict) {
            options.write_proof(|| proof::files(&[(outcome.check, &checked.obligations)]))?;
        }
        if options.explain {
            let sides = read.sides().into_iter().map(|(name, access)| (name, access.clone())).collect();
            *explained = Some(Explained { sides });
        }
    }
    Ok(report)
}

fn verdict(outcome: Outcome) -> Report {
    Found::Verdict { outcome: Box::new(outcome), explained: None }.report()
}

/// Writes searches as SMT-LIB, if that is wanted.
pub(super) fn write_smt2(searches: &[(&'static str, Query<'_>)], options: &Options) -> Result<(), Failed> {
    options.write_smt2(|| searches.iter().map(|(name, search)| script(name, search)).collect())
}

fn script(name: &str, search: &Query<'_>) -> Result<(String, String), Failed> {
    let question = format!("{}: is there a request that breaks it? unsat: there is none.", name.trim_end_matches(".smt2"));
    let script = export::script(&question, "unknown", search);
    let script = script.map_err(|unsupported| Failed::Other(format!("cannot write the question as SMT-LIB: {unsupported}")))?;
    Ok((name.to_owned(), script))
}
