//! A plan as text: one line per step.

use std::fmt;

use super::len::LenId;
use super::plan::{Dest, Instr, Plan, Step};

impl Plan {
    fn shape(&self, dims: &[LenId]) -> String {
        let dims: Vec<String> = dims.iter().map(|&d| self.lengths.name(d).to_string()).collect();
        format!("[{}]", dims.join(", "))
    }

    fn dest(&self, dest: Dest) -> String {
        match dest {
            Dest::Scalar(_) => "scalar".into(),
            Dest::Buffer(b) => self.shape(&self.buffers[b as usize].dims),
        }
    }
}

/// For people and tests: what is fused with what.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let parts = match step {
                Step::Bands(b) => {
                    writeln!(f, "in bands of {}:", self.shape(&[b.rows]))?;
                    b.steps.as_slice()
                }
                step => std::slice::from_ref(step),
            };
            self.parts(f, parts)?;
        }
        write!(f, "pieces of memory: {}", self.pieces.len())
    }
}

impl Plan {
    fn parts(&self, f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
        for step in steps {
            match step {
                // Bands hold no bands.
                Step::Bands(_) => {}
                Step::Scalars(ops) => writeln!(f, "scalars: {}", ops.len())?,
                Step::Fused(l) => {
                    let maps = l.code.iter().filter(|i| matches!(i, Instr::Map { .. })).count();
                    writeln!(
                        f,
                        "loop {}: {} read, {maps} computed, {} stored, {} reduced, {} registers",
                        self.shape(&l.space),
                        l.leaves.len(),
                        l.stores.len(),
                        l.folds.len(),
                        l.registers
                    )?;
                }
                Step::Windowed(w) => {
                    let out = &self.buffers[w.out as usize].dims;
                    writeln!(f, "segments {}: {} slices", self.shape(out), w.slices.len())?;
                }
                Step::Dot { a, b, out } => {
                    writeln!(
                        f,
                        "product {} {} -> {}",
                        self.shape(&a.dims),
                        self.shape(&b.dims),
                        self.dest(*out)
                    )?;
                }
                Step::Contract { space, out, .. } => {
                    writeln!(f, "contraction {} -> {}", self.shape(space), self.dest(*out))?;
                }
                Step::Copy { out, .. } => writeln!(f, "copy -> {}", self.dest(*out))?,
                Step::Concat { parts, out, .. } => {
                    writeln!(f, "join {} -> {}", parts.len(), self.dest(*out))?;
                }
                Step::Ints(s) => writeln!(f, "{} of integers -> {}", s.op, self.dest(s.out))?,
                Step::Whole { op, out, .. } => writeln!(f, "{op} -> {}", self.dest(*out))?,
                Step::Write { add, out, .. } => {
                    writeln!(f, "{} -> {}", if *add { "add at" } else { "put at" }, self.dest(*out))?;
                }
            }
        }
        Ok(())
    }
}
