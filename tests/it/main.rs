//! The product's tests from outside: one binary, because linking Z3 is slow.
#![allow(missing_docs, reason = "tests")]

mod agreement;
mod cli;
mod corpus;
mod layers;
mod readme;
mod semantics;
mod support;
