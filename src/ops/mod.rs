//! What can be asked for, below every door: one file an operation, with the type of its request and how it is answered.
//!
//! A request stands in JSON (the types named `Request`: a line of `batch`, what the server asks) or comes read already (what
//! the command line makes of files). Either way the same function answers it, with a [`Report`].
//! [`OPERATIONS`] is the table of what a line can ask: a new operation is a file and a row.
//!
//! The JSON Schemas in `docs/schema/` come from these types and from those of the answers (`report::json`); a line's members
//! are checked against the same types, so that a schema and what is read cannot part.

pub mod access_not_granted;
pub mod baseline;
pub mod check;
mod crossed;
pub mod diff;
pub mod equivalent;
mod failed;
pub mod fields;
pub mod findings;
pub mod fitting;
pub mod grounds;
pub mod line;
pub mod listed;
pub mod named;
pub mod no_new_access;
pub mod no_public_access;
pub mod opened;
mod options;
pub mod outside_access;
pub mod principal;
pub mod question;
pub mod recommend;
pub mod refine;
mod remarks;
pub mod report;
pub mod schema;
pub mod simulate;
pub mod trusted;
pub mod unused;
pub mod validate;
pub mod verify;
pub mod who_can;
pub mod written;

pub use failed::{Disagreement, Failed};
pub use options::{Options, Write};

use crate::report::Report;
use line::Line;
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

/// What a line can ask.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its name, the line's `check`.
    pub(crate) name: &'static str,
    /// Whether `check-` may stand before it, as in AWS's names.
    has_alias: bool,
    /// The members that its request has, `id` and `check` among them; `None` if it refuses by itself what it does not know.
    pub(crate) members: Option<fn() -> &'static [&'static str]>,
    /// Whether Z3 is asked in any case: its proof has to be Z3's.
    pub(crate) always_asks_z3: bool,
    /// Reads the request and answers it.
    pub(crate) of_line: fn(&Line<'_>, &Options) -> Result<Report, Failed>,
}

/// Everything that a line can ask.
pub(crate) static OPERATIONS: [Operation; 10] = {
    const fn row(
        name: &'static str,
        members: fn() -> &'static [&'static str],
        of_line: fn(&Line<'_>, &Options) -> Result<Report, Failed>,
    ) -> Operation {
        Operation { name, has_alias: false, members: Some(members), always_asks_z3: false, of_line }
    }
    const fn as_aws(row: Operation) -> Operation {
        Operation { has_alias: true, ..row }
    }
    const fn proved(row: Operation) -> Operation {
        Operation { always_asks_z3: true, ..row }
    }
    [
        as_aws(row("no-new-access", fields::of::<no_new_access::Request>, no_new_access::of_line)),
        as_aws(row("access-not-granted", fields::of::<access_not_granted::Request>, access_not_granted::of_line)),
        as_aws(row("no-public-access", fields::of::<no_public_access::Request>, no_public_access::of_line)),
        row("outside-access", fields::of::<outside_access::Request>, outside_access::of_line),
        row("equivalent", fields::of::<equivalent::Request>, equivalent::of_line),
        row("diff", fields::of::<diff::Request>, diff::of_line),
        proved(row("refine", fields::of::<refine::Request>, refine::of_line)),
        proved(row("verify", fields::of::<verify::Request>, verify::of_line)),
        Operation { members: None, ..row("simulate", fields::of::<simulate::Request>, simulate::of_line) },
        row("validate", fields::of::<validate::Request>, validate::of_line),
    ]
};

/// The operation of this name.
pub(crate) fn operation(check: &str) -> Option<&'static Operation> {
    let named = |one: &&Operation| one.name == check || (one.has_alias && check.strip_prefix("check-") == Some(one.name));
    OPERATIONS.iter().find(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_the_types() {
        let members = |check| operation(check).and_then(|one| one.members).map(|members| members());
        assert_eq!(members("check-no-new-access"), Some(&["id", "check", "existing", "new", "policyType"][..]));
        let refine = ["id", "check", "policy", "unused", "resource", "catalog", "allowUnknown"];
        assert_eq!(members("refine"), Some(&refine[..]));
        assert_eq!((members("simulate"), members("nothing"), members("check-diff")), (None, None, None));
    }
}
