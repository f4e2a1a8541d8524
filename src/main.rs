//! The command `egrad`.

fn main() -> std::process::ExitCode {
    egrad::cli::main()
}
