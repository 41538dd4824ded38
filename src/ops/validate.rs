//! What would AWS, and a prover, say about a policy?

use super::line::{Line, bad};
use super::written::{Id, OneOrList, Policy};
use super::{Failed, Options};
use crate::catalog::nearest;
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{Kind, Value};
use crate::lint::{self, Finding, FindingType, RULES, ResourceType, Selection};
use crate::report::{Found, Report};
use crate::sources::{self, Wanted};
use schemars::JsonSchema;
use serde::Deserialize;

/// What would AWS, and a prover, say about a policy?
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
    /// Of which type the policy is.
    pub policy_type: Option<PolicyType>,
    /// Of which type the resource is, such as `AWS::S3::Bucket`.
    pub resource_type: Option<String>,
    /// From which level on a finding is a FAIL: `error`, `security-warning`, `warning`, `suggestion` or `never`.
    pub fail_on: Option<String>,
    /// The codes that count; all by default.
    pub select: Option<OneOrList<String>>,
    /// Codes that do not count.
    pub ignore: Option<OneOrList<String>>,
    /// Whether only AWS's own codes count.
    pub aws_only: Option<bool>,
    /// Whether the policy is the whole JSON document, as AWS takes it: what a tool prints around one is a finding then.
    pub bare: Option<bool>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "validate")]
    Own,
}

/// A type of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "AWS's names")]
pub enum PolicyType {
    IdentityPolicy,
    ResourcePolicy,
    ServiceControlPolicy,
    ResourceControlPolicy,
}

/// From which type on findings are a FAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the types of findings")]
pub enum FailOn {
    Error,
    SecurityWarning,
    Warning,
    Suggestion,
    Never,
}

impl FailOn {
    /// All of them by their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("security-warning", Self::SecurityWarning),
        ("warning", Self::Warning),
        ("suggestion", Self::Suggestion),
        ("never", Self::Never),
    ];

    /// By its name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, one)| one)
    }

    /// Whether findings of this type are a FAIL.
    pub fn counts(self, kind: FindingType) -> bool {
        let least = match self {
            Self::Error => FindingType::Error,
            Self::SecurityWarning => FindingType::SecurityWarning,
            Self::Warning => FindingType::Warning,
            Self::Suggestion => FindingType::Suggestion,
            Self::Never => return false,
        };
        kind >= least
    }
}

/// A policy to validate, or why it is not JSON.
#[derive(Debug)]
pub struct Read {
    /// The policy's text.
    pub source: Source,
    /// The policy.
    pub value: Result<Value, Diagnostic>,
    /// Where it was, if it was not the whole document.
    pub note: Option<Diagnostic>,
    /// Whether it is a part of another document.
    pub is_inside: bool,
}

impl Read {
    /// Reads the one policy of a text, bare or with what a tool prints around it.
    ///
    /// # Errors
    /// The text holds no policy, or several, or is over the budget.
    pub fn of(text: &Source, budget: &Budget) -> Result<Self, Diagnostic> {
        match sources::read(text, budget, Wanted::Policy) {
            Ok((source, value)) => {
                let found = sources::policy(&source, &value, Wanted::Policy)?;
                let is_inside = found.note.is_some() || **found.source.text != **text.text;
                Ok(Self { source: found.source, value: Ok(found.value), note: found.note, is_inside })
            }
            Err(error) if lint::is_syntax(&error) => {
                let source = error.source.clone().unwrap_or_else(|| text.clone());
                Ok(Self { source, value: Err(error), note: None, is_inside: false })
            }
            Err(error) => Err(error),
        }
    }
}

/// What is to be found, and what of it is a FAIL.
#[derive(Debug, Clone)]
pub struct Validate {
    /// Of which type the policies are.
    pub kind: lint::PolicyType,
    /// Of which type the resource is.
    pub of: Option<ResourceType>,
    /// Which findings are wanted.
    pub selection: Selection,
    /// From which type on findings are a FAIL.
    pub fail_on: FailOn,
}

impl Validate {
    /// Validates a policy that was parsed, or tells why it is not JSON; spans are of `source`.
    pub fn answer(&self, source: &Source, value: Result<&Value, &Diagnostic>) -> Report {
        self.report(
            source,
            match value {
                Ok(value) => lint::validate_value(source, value, self.kind, self.of, &self.selection),
                Err(error) => lint::not_json(error, &self.selection),
            },
        )
    }

    /// Validates the text of a policy.
    ///
    /// # Errors
    /// The text is too large, or nested too deep.
    pub fn text(&self, source: &Source, budget: &Budget) -> Result<Report, Diagnostic> {
        let findings = lint::validate(source, budget, self.kind, self.of, &self.selection)?;
        Ok(self.report(source, findings))
    }

    fn report(&self, source: &Source, findings: Vec<Finding>) -> Report {
        let fails = findings.iter().any(|finding| self.fail_on.counts(finding.kind));
        Found::Validated { source: source.clone(), findings, fails }.report()
    }
}

/// A code that there is, in any case.
///
/// # Errors
/// There is no such code; the sentence says which was probably meant.
pub fn code(text: &str) -> Result<String, String> {
    let upper = text.trim().to_ascii_uppercase();
    let known = || RULES.iter().map(|row| row.code).chain(["JSON_SYNTAX_ERROR", lint::NOT_FINISHED]);
    if known().any(|known| known == upper) {
        return Ok(upper);
    }
    let near = nearest::first(&upper, known());
    Err(near.map_or_else(|| "there is no such code".to_owned(), |near| format!("there is no such code; did you mean {near}?")))
}

/// Whether a type of policies goes with a type of resource.
///
/// # Errors
/// It does not; the sentence says so.
pub fn check_types(kind: Option<lint::PolicyType>, of: Option<ResourceType>) -> Result<(), String> {
    match (kind, of) {
        (Some(kind), Some(of)) if kind != lint::PolicyType::Resource => {
            Err(format!("{} is a type of resource policies, not of {}", of.name(), kind.name()))
        }
        _ => Ok(()),
    }
}

/// Answers a line of `batch`. Places are those in the policy as it is written there.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let asked = read(line)?;
    let written = line.member("policy")?;
    let text = match written.as_str() {
        Some(text) => text.to_owned(),
        None => line.source.text.get(written.span.start..written.span.end).unwrap_or("").to_owned(),
    };
    let (source, budget) = (Source::new("policy", text), &options.settings.budget);
    if line.value.get("bare").is_some_and(|value| value.kind == Kind::Bool(true)) {
        return Ok(asked.text(&source, budget)?);
    }
    let policy = Read::of(&source, budget)?;
    policy.note.iter().for_each(|note| line.tell_one(note));
    Ok(asked.answer(&policy.source, policy.value.as_ref()))
}

/// What a line wants to be found.
fn read(line: &Line<'_>) -> Result<Validate, Diagnostic> {
    let text_of = |name: &str| line.value.get(name).map(|value| (value.as_str().unwrap_or_default(), value.span));
    let one_of = |names: &[&str]| format!("write {}", names.join(", "));
    let wrong = |span: Span, message: &str, help: String| bad(line.source, span, message, &help);
    let kind = match text_of("policyType") {
        None => None,
        Some((name, span)) => Some(
            lint::PolicyType::named(name)
                .ok_or_else(|| wrong(span, "unknown `policyType`", one_of(&lint::PolicyType::ALL.map(|(name, _)| name))))?,
        ),
    };
    let of = match text_of("resourceType") {
        None => None,
        Some((name, span)) => Some(
            ResourceType::named(name)
                .ok_or_else(|| wrong(span, "unknown `resourceType`", one_of(&ResourceType::ALL.map(|(name, _)| name))))?,
        ),
    };
    if let (Err(message), Some((_, span))) = (check_types(kind, of), text_of("resourceType")) {
        return Err(wrong(span, &message, "write \"policyType\": \"RESOURCE_POLICY\"".to_owned()));
    }
    let fail_on = match text_of("failOn") {
        None => FailOn::SecurityWarning,
        Some((name, span)) => FailOn::named(name).ok_or_else(|| {
            wrong(span, "unknown `failOn`", "write error, security-warning, warning, suggestion or never".to_owned())
        })?,
    };
    let aws_only = line.value.get("awsOnly").is_some_and(|value| value.kind == Kind::Bool(true));
    let selection = Selection { select: codes(line, "select")?, ignore: codes(line, "ignore")?, aws_only };
    let default = if of.is_some() { lint::PolicyType::Resource } else { lint::PolicyType::Identity };
    Ok(Validate { kind: kind.unwrap_or(default), of, selection, fail_on })
}

fn codes(line: &Line<'_>, name: &str) -> Result<Vec<String>, Diagnostic> {
    let Some(value) = line.value.get(name) else { return Ok(Vec::new()) };
    let one =
        |value: &Value| code(value.as_str().unwrap_or_default()).map_err(|message| bad(line.source, value.span, message, ""));
    value.items().iter().map(one).collect()
}
