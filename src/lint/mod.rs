//! What would AWS's ValidatePolicy say of a policy, and what more can be proved of it?
//!
//! One file a small family of rules in `rules/`, one row a code in `registry`. A rule looks at the document as it is
//! written (`view`), so a policy that does not even parse as one is still validated; what the rules of AWS find has
//! AWS's code, type, path and span, in our own words.
//!
//! Invariants: findings ascend by the start of their first place, then by code; a rule says nothing twice; rules of ours
//! are marked so and can be left out; the same policy gives the same findings.
//!
//! Sources: IAM User Guide, "IAM Access Analyzer policy validation check reference"; findings that AWS published for its
//! managed policies.

mod arn;
mod finding;
pub mod fix;
mod proved;
mod registry;
mod request;
mod rules;
mod view;

pub use finding::{Finding, FindingType, Origin, Place, Step};
pub use registry::{NOT_FINISHED, RULES, Row};
pub use request::{PolicyType, ResourceType};

use crate::diag::{Budget, Diagnostic, Source, Span, deadline};
use crate::json;
use registry::Emit;

/// Which findings are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Codes; empty for all.
    pub select: Vec<String>,
    /// Codes to leave out.
    pub ignore: Vec<String>,
    /// Whether only AWS's checks count.
    pub aws_only: bool,
}

impl Selection {
    /// Whether a code is wanted that is found by default, or only where it is selected.
    pub fn wants(&self, code: &str, origin: Origin, is_default: bool) -> bool {
        let named = |list: &[String]| list.iter().any(|one| one.eq_ignore_ascii_case(code));
        let is_selected = if self.select.is_empty() { is_default } else { named(&self.select) };
        !(self.aws_only && origin == Origin::Leastwise) && is_selected && !named(&self.ignore)
    }
}

/// Validates the text of a policy.
///
/// # Errors
///
/// A text that is too large, or nested too deep, to be read; what is no JSON is a finding.
pub fn validate(
    source: &Source,
    budget: &Budget,
    kind: PolicyType,
    resource_type: Option<ResourceType>,
    selection: &Selection,
) -> Result<Vec<Finding>, Diagnostic> {
    match json::read(source, budget) {
        Ok(value) => Ok(validate_value(source, &value, kind, resource_type, selection)),
        Err(error) if is_syntax(&error) => Ok(not_json(&error, selection)),
        Err(error) => Err(error),
    }
}

/// Validates a policy that was parsed already; spans must be of `source`.
pub fn validate_value(
    source: &Source,
    value: &json::Value,
    kind: PolicyType,
    resource_type: Option<ResourceType>,
    selection: &Selection,
) -> Vec<Finding> {
    let policy = view::Policy::of(source, value, kind, resource_type);
    let mut out = Vec::new();
    for row in
        RULES.iter().filter(|row| row.applies(kind, resource_type) && selection.wants(row.code, row.origin, row.is_default))
    {
        deadline::check();
        (row.check)(&policy, &mut Emit::new(row, &mut out));
    }
    if !selection.wants(NOT_FINISHED, Origin::Leastwise, true) {
        out.retain(|finding| finding.code != NOT_FINISHED);
    }
    let start = |finding: &Finding| finding.locations.first().map_or(Span::default(), |place| place.span).start;
    out.sort_by(|a, b| (start(a), a.code).cmp(&(start(b), b.code)));
    out
}

/// Whether a text could not be read because it is no JSON, which is a finding.
pub fn is_syntax(error: &Diagnostic) -> bool {
    error.code == json::SYNTAX || error.code == "duplicate-key"
}

/// A text that is no JSON, as AWS's code for it.
pub fn not_json(error: &Diagnostic, selection: &Selection) -> Vec<Finding> {
    let wanted = selection.wants("JSON_SYNTAX_ERROR", Origin::Aws, true);
    wanted.then(|| syntax(error)).into_iter().collect()
}

fn syntax(error: &Diagnostic) -> Finding {
    let details = format!("{}; {}", error.message, error.help);
    let place = Place { path: Vec::new(), span: error.span };
    Finding {
        kind: FindingType::Error,
        code: "JSON_SYNTAX_ERROR",
        details,
        locations: vec![place],
        origin: Origin::Aws,
        evidence: None,
    }
}
