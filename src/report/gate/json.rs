//! For programs: one object.

use super::{Findings, Place, fingerprint, place};
use crate::catalog::Catalog;
use crate::diag::{Finding, Level};
use crate::report::Standing;
use crate::report::json::{Result, Schema, Versions, versions};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Findings in files.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingsInFiles {
    schema: Schema,
    /// The command that found them.
    check: &'static str,
    /// FAIL if a finding counts; UNKNOWN if none does and a rule stayed open, or a policy is not known yet.
    result: Result,
    findings: Vec<OneFinding>,
    summary: Counted,
    proof: Versions,
}

/// One finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct OneFinding {
    /// The rule: `leastwise explain RULE` says more.
    rule: String,
    /// `error`, `warning` or `note`.
    level: &'static str,
    /// What was found, in a sentence.
    message: String,
    /// The policy's name in its file; empty of a file that is one policy.
    policy: String,
    /// The file.
    path: String,
    span: SpanAnswer,
    /// What stays as long as rule, policy and message do.
    fingerprint: String,
    /// A request that shows it, replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Value>,
    /// What is worth knowing about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// Why it does not count, if it is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<String>,
}

/// Where a finding stands.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct SpanAnswer {
    start: PlaceAnswer,
    end: PlaceAnswer,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct PlaceAnswer {
    /// From 1.
    line: usize,
    /// From 1.
    column: usize,
}

/// How many files, policies and findings there are.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct Counted {
    files: usize,
    policies: usize,
    /// Findings of this level that are not approved.
    errors: usize,
    /// Findings of this level that are not approved.
    warnings: usize,
    /// Findings of this level that are not approved.
    notes: usize,
    /// Findings that are approved.
    approved: usize,
}

/// The findings as JSON.
pub fn json(findings: &Findings<'_>) -> FindingsInFiles {
    FindingsInFiles {
        schema: Schema::THIS,
        check: findings.check,
        result: match findings.standing() {
            Standing::Holds => Result::Pass,
            Standing::DoesNotHold => Result::Fail,
            Standing::Unknown => Result::Unknown,
        },
        findings: findings.all.iter().map(one).collect(),
        summary: Counted {
            files: findings.files,
            policies: findings.policies,
            errors: findings.of(Level::Error),
            warnings: findings.of(Level::Warning),
            notes: findings.of(Level::Note),
            approved: findings.approved(),
        },
        proof: versions(Catalog::LATEST),
    }
}

fn one(finding: &Finding) -> OneFinding {
    let Place { path, start, end } = place(finding);
    let place = |(line, column)| PlaceAnswer { line, column };
    OneFinding {
        rule: finding.rule.clone(),
        level: finding.level.name(),
        message: finding.message.clone(),
        policy: finding.subject.clone(),
        path,
        span: SpanAnswer { start: place(start), end: place(end) },
        fingerprint: fingerprint(finding),
        witness: finding.witness.clone(),
        notes: finding.notes.clone(),
        approved: finding.suppressed.clone(),
    }
}
