//! How much work a question may cost: set at the top, named in every refusal.

use std::time::Duration;

/// Limits of one question or one input. Every refusal names the limit that was hit and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock time for one question; the backstop behind `rlimit`.
    pub timeout: Duration,
    /// Z3's deterministic resource limit for one query: the same UNKNOWN on every machine.
    pub rlimit: u32,
    /// States of one product automaton before the question is asked whole.
    pub states: usize,
    /// Bytes of one input document.
    pub input_bytes: usize,
    /// Nesting depth of one JSON document.
    pub depth: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), rlimit: 400_000_000, states: 200_000, input_bytes: 64 << 20, depth: 64 }
    }
}
