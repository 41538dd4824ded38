//! What was used, by whom, when, and what can the evidence not see?
//!
//! One file a source, recognized by content: CloudTrail ([`trail`]), last-accessed details ([`last_accessed`]), the
//! credential report ([`credentials`]), Access Analyzer's findings ([`findings`]), the account's own `RoleLastUsed`
//! ([`account_details`]), the organization's access report ([`organization`]), and usage that was reduced where the logs are
//! ([`reduced`]). Everything is read as a stream and kept as a summary: one entry for each principal and event, however
//! many records there are.
//!
//! Invariants: what cannot be read is counted by reason, and said with file and place; a denied call is not use; what a
//! record perhaps used counts as used; the order of files and records changes nothing but which of two equal places is
//! named.

pub mod account_details;
pub mod activity;
pub mod counts;
pub mod credentials;
pub mod findings;
pub mod gather;
mod kind;
pub mod last_accessed;
pub mod open;
pub mod organization;
mod record;
pub mod reduced;
mod split;
pub mod trail;
pub mod when;
pub mod who;

pub use activity::{Activity, Place, Use};
pub use counts::Counts;
pub use gather::{Evidence, File, Settings};
pub use open::read;
pub use when::When;
pub use who::{Kind, Who};
