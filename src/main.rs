//! The `leastwise` program: see [`leastwise::cli`].

/// A quarter of a question's time went into the system's allocator (benches/RECORD.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    leastwise::cli::main()
}
