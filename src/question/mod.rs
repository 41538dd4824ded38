//! The questions: one file each, with the query behind it and its words.
//!
//! Every question is a property over all requests, and comes down to one search ([`crate::witness::find`]): is there a
//! request that one policy allows, another does not, within a scope of actions and resources? None: PASS. Some: FAIL, with
//! every statement that is to blame and a witness. Not decided within the budget: UNKNOWN, with the limit or the construct.
//!
//! Invariants: FAIL only with a witness that the evaluator has replayed; PASS only if every query was `unsat`. A witness
//! that does not replay is [`InternalError`], never a verdict.
//!
//! The wording follows IAM Access Analyzer's custom policy checks.

pub mod access_not_granted;
pub mod difference;
pub mod equivalent;
pub mod no_new_access;
pub mod no_public_access;
pub mod outside_access;
mod public;
pub mod reach;
mod region_actions;
mod shared_providers;
pub mod unknown_policy;
mod zone;

pub use crate::query::{Engine, InternalError, Lifted, Outcome, Proof, Reason, Settings, Verdict};
