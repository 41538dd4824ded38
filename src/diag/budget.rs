//! How much work a question may cost: set at the top, named in every refusal.

use std::time::Duration;

/// Limits of one question or one input. Every refusal names the limit that was hit and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock time for one question, reading and report included (see [`super::deadline`]); the backstop behind
    /// `rlimit`.
    pub timeout: Duration,
    /// Bytes that the process may grow by for one question.
    pub memory: usize,
    /// Z3's deterministic resource limit for one query: the same UNKNOWN on every machine.
    pub rlimit: u32,
    /// States of one product automaton before the question is asked whole.
    pub states: usize,
    /// What automata may read for one search, in positions: the same UNKNOWN on every machine.
    pub work: usize,
    /// Bytes of one input document.
    pub input_bytes: usize,
    /// JSON values in one document: an object, an array, each member and element.
    pub values: usize,
    /// Nesting depth of one JSON document.
    pub depth: usize,
}

/// The stack of a thread that answers questions, in bytes; taken as it is used. Z3 nests as deep as an expression, and a stack
/// that overflows ends the whole program.
pub const STACK: usize = 64 << 20;

impl Budget {
    /// The budget of a question that nobody gave another one.
    pub const DEFAULT: Self = Self {
        timeout: Duration::from_secs(30),
        memory: 640 << 20,
        rlimit: 400_000_000,
        states: 200_000,
        work: 60_000_000,
        input_bytes: 64 << 20,
        values: 1_000_000,
        depth: 64,
    };
}

impl Default for Budget {
    fn default() -> Self {
        Self::DEFAULT
    }
}
