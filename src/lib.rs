//! Leastwise proves things about AWS IAM policies, offline, with the Z3 SMT solver.
//!
//! What it says is proved, or shown by a request that the evaluator has replayed, or honestly unknown.
//!
//! # A new version grants nothing new
//!
//! ```
//! use leastwise::{Access, Settings, Verdict, no_new_access};
//!
//! let old: Access = r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}}"#.parse()?;
//! let new: Access = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}}"#.parse()?;
//! let outcome = no_new_access(&old, &new, &Settings::default())?;
//! let Verdict::Fail { reasons, witness } = outcome.verdict else { panic!("s3:PutObject is new") };
//! assert_eq!(reasons[0].description, "New access in the statement with index: 0.");
//! assert!(!witness.action.starts_with("s3:Get"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Critical permissions are not granted
//!
//! ```
//! use leastwise::question::access_not_granted;
//! use leastwise::{Access, Settings, Verdict};
//!
//! let policy: Access = r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}"#.parse()?;
//! let access = access_not_granted::Access { actions: vec!["iam:PassRole".into()], resources: vec![] };
//! let outcome = leastwise::access_not_granted(&policy, &access, &Settings::default())?;
//! assert_eq!(outcome.verdict, Verdict::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Remove unused permissions, with a proof
//!
//! ```
//! use leastwise::refine::Outcome;
//! use leastwise::{Budget, Catalog, Document, Settings, Source, UnusedPermissions, refine};
//!
//! let text = r#"{"Statement": {"Effect": "Allow", "Action": "lambda:List*", "Resource": "*"}}"#;
//! let original = Document::read(&Source::new("policy", text), &Budget::default())?;
//! let mut unused = UnusedPermissions::default();
//! unused.add_action("lambda", "ListLayers");
//! let outcome = refine(&original, &unused, Catalog::june_2024(), &Settings::default())?;
//! let Outcome::Proved(refined) = outcome else { panic!("it is provable") };
//! assert!(refined.policy.to_string().contains("lambda:ListFunction*"));
//! assert_eq!(refined.obligations.len(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every other operation, as requests and answers in JSON, is in [`ops`]; [`ops::line::answer_line`] answers any.
//!
//! Z3's context is one a thread and only grows: wrap long work in [`smt::in_fresh_context`]. How the build of a crate that
//! depends on this one finds Z3 is in `docs/library.md`.
//!
//! Features: `cli` (the program) and `server` (`leastwise serve`), both on by default; a library needs neither. What is
//! public beyond this page is public for the program and its tests, and may change with any version.

#![allow(rustdoc::private_intra_doc_links, reason = "headers of modules name their own parts, for readers of the source")]

#[doc(hidden)]
pub mod account;
pub mod catalog;
#[doc(hidden)]
pub mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod diag;
pub mod document;
#[doc(hidden)]
pub mod encode;
#[doc(hidden)]
pub mod eval;
#[doc(hidden)]
pub mod evidence;
#[doc(hidden)]
pub mod glob;
#[doc(hidden)]
pub mod json;
pub mod lint;
pub mod ops;
pub mod policy;
pub mod query;
pub mod question;
pub mod refine;
pub mod report;
pub mod request;
pub mod search;
#[cfg(feature = "server")]
#[doc(hidden)]
pub mod server;
pub mod simulate;
pub mod smt;
#[doc(hidden)]
pub mod solve;
#[doc(hidden)]
pub mod sources;
pub mod usage;
#[doc(hidden)]
pub mod value;
pub mod wellformed;
pub mod witness;

pub use catalog::Catalog;
pub use diag::{Budget, Diagnostic, Diagnostics, Source};
pub use document::Document;
pub use ops::question::Question;
pub use ops::{Failed, Options};
pub use policy::{Access, Policy, Stack};
pub use question::access_not_granted::access_not_granted;
pub use question::difference::difference;
pub use question::equivalent::equivalent;
pub use question::no_new_access::no_new_access;
pub use question::no_public_access::no_public_access;
pub use question::outside_access::outside_access;
pub use question::{InternalError, Outcome, Reason, Settings, Verdict};
pub use refine::{Refinement, refine, verify};
pub use report::{Report, Standing};
pub use request::Request;
pub use usage::UnusedPermissions;
