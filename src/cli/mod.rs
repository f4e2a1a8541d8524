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
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
        take_room();
        commands::run(args)
    });
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        _ => ExitCode::from(70),
    }
}

/// Common allocators ask the system for the memory of a thread page by page, some hundred times until the rules are
/// read, and give it back as often. One large piece, given back at once, is what they then take the small ones from.
fn take_room() {
    const ROOM: usize = 4 << 20;
    // The first is mapped by itself; that it is given back tells the allocator that such pieces come and go.
    for bytes in [ROOM, ROOM - (64 << 10)] {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
    }
}
