//! See `checks.rs`.
#![no_main]

fuzz::target!("stack");
