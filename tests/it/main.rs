//! The product's tests from outside: one binary, because linking Z3 is slow.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod adversarial;
mod agreement;
mod answers;
mod attacks;
mod baseline;
mod boundary;
mod catalog_script;
mod cli;
mod corpus;
mod difference;
mod layers;
mod limits;
mod names;
mod outsiders;
mod pipes;
mod policy_variables;
mod principals;
mod proofs;
mod published;
mod questions_cli;
mod readings;
mod readme;
mod realistic;
mod refinements;
mod samples;
mod satisfiable;
mod scopes;
mod semantics;
mod spelling;
mod stacks;
mod support;
mod switches;
mod templates;
mod tied_keys;
mod typed_keys;
