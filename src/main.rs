//! The command `egrad`.

fn main() {}
