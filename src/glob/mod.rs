//! Globs over strings: `*` is any run of characters, `?` is exactly one. Nothing here knows of IAM.
//!
//! [`Glob`] is one pattern and its meaning on one string; [`index`] finds those of many patterns that match one string;
//! [`classes`] cuts all strings by several patterns at once, each class with a shortest witness; [`trie`] writes the
//! shortest safe prefixes of a set of names.

pub mod classes;
pub mod index;
mod pattern;
pub mod trie;

pub use pattern::{Glob, Token};
