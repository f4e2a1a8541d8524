//! The command `egrad`: arguments in, text or JSON out, an exit code.

mod args;
mod batch;
mod cases;
mod commands;
mod compare;
mod discover;
mod egraphs;
mod explain;
mod frontier;
mod output;
mod progress;
mod rules;
mod tables;
mod values;

use std::process::ExitCode;

use clap::Parser as _;

pub use batch::answer;

/// Runs the command with the process's arguments.
///
/// Exit codes: 0 done; 1 bad usage (as reported by the argument parser); 2 the text (syntax, names,
/// types, gradients); 3 data that does not fit; 4 files; 5 a check failed (a refuted rule, values
/// that optimization changed).
pub fn main() -> ExitCode {
    let args = match args::Cli::try_parse() {
        Ok(a) => a,
        Err(e) => {
            let code = if e.use_stderr() { 1 } else { 0 };
            let _ = e.print();
            return ExitCode::from(code);
        }
    };
    // Deep inputs need no stack, but libraries in between deserve room.
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(move || commands::run(args));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        _ => ExitCode::from(70),
    }
}
