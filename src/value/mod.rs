//! What do the texts of a request mean: numbers, dates, addresses, letters without case, ARNs?
//!
//! Each file reads one kind of value from a text, exactly: nothing is rounded, and a text that is no such value is
//! `None`. Both meanings of a policy, the evaluator's and the encoding's, read values here and compare them themselves.

pub mod arn;
pub mod base64;
pub mod date;
pub mod fold;
pub mod ip;
pub mod number;
