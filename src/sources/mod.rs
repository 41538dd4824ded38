//! What is this document, and which policy does it hold?
//!
//! People have policies as tools print them: inside `PolicyVersion.Document`, as a text under `Policy`, percent-encoded.
//! [`policy`] takes the one policy out and says in a note where it was. Of what holds none, or several, or is another
//! document altogether (a finding, a template, a plan, an HTML page), one error says what it is and what to do, in place of
//! a list of unknown elements. [`read`] does the same for texts that are not JSON.
//!
//! Invariants: a policy document is never searched for another one inside it; of several policies none is chosen; a policy
//! keeps its places in the file that it was taken from.
//!
//! Sources: AWS CLI Command Reference (what the commands print), IAM API Reference (policies are percent-encoded, RFC 3986).

mod account;
mod alone;
mod anywhere;
pub mod attached;
pub mod beside;
pub mod choice;
mod every;
pub mod holders;
mod inside;
mod kind;
pub mod lasting;
pub mod located;
pub mod owners;
mod permission;
mod planned;
mod serverless;
pub mod template;
pub mod terraform;
mod text;
mod unlisted;
pub mod yaml;

pub use every::{documents, holds_many, policies};
pub use inside::{Found, policy, unquoted};
pub use kind::{Kind, STACK_MEMBERS, is_stack, misspelled_member, recognize, stack_member_like};
pub use located::{Free, Located, Open, OpenKind, PolicyType, Version};
pub use text::{decode, read};

use crate::diag::{Diagnostic, Source, Span};

/// What a reader expects, for what its errors advise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// One policy document.
    Policy,
    /// One policy document, or a stack of them.
    Access,
    /// Unused permissions.
    Unused,
    /// A request with the policies that it is decided under.
    Simulation,
    /// The details of an account.
    Account,
    /// Any other JSON document.
    Other,
}

impl Wanted {
    /// What it is called.
    fn name(self) -> &'static str {
        match self {
            Self::Policy => "a policy",
            Self::Access => "a policy or a stack of policies",
            Self::Unused => "a list of unused permissions",
            Self::Simulation => "a request with its policies",
            Self::Account => "the account details of IAM",
            Self::Other => "a JSON document",
        }
    }
}

/// The code of a document that is something else than what is wanted.
pub const WRONG_DOCUMENT: &str = "wrong-document";

/// The error for a document that was recognized as something that is not wanted here.
pub fn wrong(source: &Source, span: Span, kind: Kind, wanted: Wanted) -> Diagnostic {
    let message = format!("this is {}, not {}", kind.name(), wanted.name());
    Diagnostic::error(WRONG_DOCUMENT, source, span, message, kind.advice(wanted))
}
