//! The `leastwise` program: see [`leastwise::cli`].

/// A quarter of a question's time went into the system's allocator (benches/RECORD.md).
#[cfg(not(target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// There it stands in for `malloc` (Cargo.toml), which Rust and Z3 call alike; what Rust asks of it by name takes a longer way, by
// alignment.
#[cfg(target_os = "linux")]
use mimalloc as _;

fn main() -> std::process::ExitCode {
    leastwise::cli::main()
}
