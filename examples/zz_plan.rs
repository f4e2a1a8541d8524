//! Temporary.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "temporary")]
#[path = "../benches/peers/texts.rs"]
mod texts;
use egrad::function::{Function, OnUnused};
use egrad::sexp::Source;
use egrad::text::parse_infix;
fn main() {
    for w in std::env::args().skip(1) {
        let text = texts::text(&w).unwrap();
        let p = parse_infix(&Source::text_only(&text), &[]).unwrap();
        let f = Function::builder().unused(OnUnused::Ignore).build(&p.inputs, &p.results).unwrap();
        println!("== {w}\n{}", f.plan());
    }
}
