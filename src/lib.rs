//! Leastwise proves things about AWS IAM policies, offline, with the Z3 SMT solver.
//!
//! What it says is proved, or shown by a request that the evaluator has replayed, or honestly unknown.
//!
//! # A new version grants nothing new
//!
//! ```
//! use leastwise::diag::{Budget, Source};
//! use leastwise::policy::Policy;
//! use leastwise::question::no_new_access::no_new_access;
//! use leastwise::question::{Settings, Verdict};
//!
//! let read = |name: &str, text: &str| Policy::read(&Source::new(name, text), &Budget::default());
//! let old = read("old", r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}}"#)?;
//! let new = read("new", r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}}"#)?;
//! let outcome = no_new_access(&old.into(), &new.into(), &Settings::default())?;
//! let Verdict::Fail { reasons, witness } = outcome.verdict else { panic!("s3:PutObject is new") };
//! assert_eq!(reasons[0].description, "New access in the statement with index: 0.");
//! assert!(!witness.action.starts_with("s3:Get"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Critical permissions are not granted
//!
//! ```
//! # use leastwise::diag::{Budget, Source};
//! # use leastwise::policy::Policy;
//! use leastwise::question::access_not_granted::{Access, access_not_granted};
//! use leastwise::question::{Settings, Verdict};
//!
//! let text = r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}"#;
//! let policy = Policy::read(&Source::new("policy", text), &Budget::default())?;
//! let access = Access { actions: vec!["iam:PassRole".into()], resources: vec![] };
//! assert_eq!(access_not_granted(&policy.into(), &access, &Settings::default())?.verdict, Verdict::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Remove unused permissions, with a proof
//!
//! ```
//! use leastwise::catalog::Catalog;
//! # use leastwise::diag::{Budget, Source};
//! use leastwise::document;
//! use leastwise::question::Settings;
//! use leastwise::refine::{Outcome, refine};
//! use leastwise::usage::UnusedPermissions;
//!
//! let text = r#"{"Statement": {"Effect": "Allow", "Action": "lambda:List*", "Resource": "*"}}"#;
//! let original = document::read(&Source::new("policy", text), &Budget::default())?;
//! let mut unused = UnusedPermissions::default();
//! unused.add_action("lambda", "ListLayers");
//! let outcome = refine(&original, &unused, Catalog::june_2024(), &Settings::default())?;
//! let Outcome::Proved(refined) = outcome else { panic!("it is provable") };
//! assert!(refined.policy.to_string().contains("lambda:ListFunction*"));
//! assert_eq!(refined.obligations.len(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Z3's context is one a thread and only grows: wrap long work in [`smt::in_fresh_context`].

pub mod account;
pub mod catalog;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod diag;
pub mod document;
pub mod encode;
pub mod eval;
pub mod evidence;
pub mod glob;
pub mod json;
pub mod lint;
pub mod ops;
pub mod policy;
pub mod question;
pub mod refine;
pub mod report;
#[cfg(feature = "server")]
pub mod server;
pub mod simulate;
pub mod smt;
pub mod solve;
pub mod sources;
pub mod usage;
pub mod value;
