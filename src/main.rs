//! The `leastwise` program: see [`leastwise::cli`].

fn main() -> std::process::ExitCode {
    leastwise::cli::main()
}
