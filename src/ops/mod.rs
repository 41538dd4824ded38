//! What can be asked for, below every door: one file an operation with the type of its request, as a line of `batch` has it.
//!
//! The JSON Schemas in `docs/schema/` come from these types and from those of the answers (`report::json`); a line's members
//! are checked against the same types, so that a schema and what is read cannot part.

pub mod access_not_granted;
pub mod diff;
pub mod equivalent;
pub mod fields;
pub mod no_new_access;
pub mod no_public_access;
pub mod outside_access;
pub mod refine;
pub mod schema;
pub mod simulate;
pub mod validate;
pub mod verify;
pub mod written;

use schemars::JsonSchema;
use serde::Deserialize;

/// Any request: a line of `batch`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(missing_docs, reason = "each type says what it asks")]
pub enum Request {
    NoNewAccess(no_new_access::Request),
    AccessNotGranted(access_not_granted::Request),
    NoPublicAccess(no_public_access::Request),
    OutsideAccess(outside_access::Request),
    Equivalent(equivalent::Request),
    Diff(diff::Request),
    Validate(validate::Request),
    Refine(refine::Request),
    Verify(verify::Request),
    Simulate(Box<simulate::Request>),
}

/// The members that a request of this check has, `id` and `check` among them; `None` of a check that nobody knows, and of
/// `simulate`, which refuses what it does not know by itself.
pub fn members(check: &str) -> Option<&'static [&'static str]> {
    Some(match check.strip_prefix("check-").unwrap_or(check) {
        "no-new-access" => fields::of::<no_new_access::Request>(),
        "access-not-granted" => fields::of::<access_not_granted::Request>(),
        "no-public-access" => fields::of::<no_public_access::Request>(),
        "outside-access" => fields::of::<outside_access::Request>(),
        "equivalent" => fields::of::<equivalent::Request>(),
        "diff" => fields::of::<diff::Request>(),
        "validate" => fields::of::<validate::Request>(),
        "refine" => fields::of::<refine::Request>(),
        "verify" => fields::of::<verify::Request>(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_the_types() {
        assert_eq!(members("check-no-new-access"), Some(&["id", "check", "existing", "new", "policyType"][..]));
        let refine = ["id", "check", "policy", "unused", "resource", "catalog", "allowUnknown"];
        assert_eq!(members("refine"), Some(&refine[..]));
        assert_eq!((members("simulate"), members("nothing")), (None, None));
    }
}
