//! What the loops of a pass bring to the caches for each other: the dearest computes while memory delivers what the
//! others read and write.

use super::shape::Shape;
use crate::eval::{From, Instr, Nest, PassArg, PassStep, signed};

/// Bytes of an array that no cache near the processor holds.
const LARGE: usize = 1 << 20;

/// Additions in the time in which a number comes from memory.
const MOVED: f64 = 8.0;

/// Additions of a loop that others' memory hides behind, at least.
const SPARE: f64 = 2.0 * MOVED;

/// Arrays that are brought for others, at most.
const MOST: usize = 4;

/// An array whose rows are brought to the caches.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    /// Its rows.
    pub(super) arg: PassArg,
    /// Those of the band at hand, or of the next one?
    pub(super) next: bool,
    /// Are they written first?
    pub(super) written: bool,
}

/// The loop that brings others' rows, and whose.
pub(super) fn ahead(
    steps: &[PassStep<'_>],
    walks: &[(Nest, Shape)],
    (rows, height, size): (usize, usize, usize),
) -> (usize, Vec<Ahead>) {
    // Elements of a row.
    let row = |nest: &Nest| match nest.tile() {
        (1, n) => n / height,
        (_, n) => n,
    };
    // Arrays whose rows each loop is the first to meet.
    let mut met: Vec<(usize, isize)> = Vec::new();
    let mut first: Vec<(usize, Ahead)> = Vec::new();
    for (i, (step, (nest, _))) in steps.iter().zip(walks).enumerate() {
        let (leaves, n) = (step.leaves.len(), row(nest));
        let args = step.leaves.iter().chain(&step.results).take(leaves + step.fused.stores.len());
        for (k, arg) in args.enumerate() {
            let large = rows.saturating_mul(n).saturating_mul(size) >= LARGE;
            let in_order = nest.tile_strides(k).1 == 1 && arg.down == signed(n);
            if arg.from != From::Band && large && in_order && !met.contains(&(arg.piece, arg.at)) {
                met.push((arg.piece, arg.at));
                first.push((i, Ahead { arg: arg.clone(), next: false, written: k >= leaves }));
            }
        }
    }
    // What a loop computes beyond what memory takes for it, of the rows that most are of.
    let spare = |i: usize| -> f64 {
        let cost = |i: &Instr| if let Instr::Map { op, .. } = i { op.def().cost } else { 1.0 };
        let computed: f64 = steps[i].fused.code.iter().map(cost).sum();
        let own = first.iter().filter(|(at, _)| *at == i);
        computed - own.map(|(_, a)| if a.written { 2.0 * MOVED } else { MOVED }).sum::<f64>()
    };
    let longest = walks.iter().map(|(nest, _)| row(nest)).max().unwrap_or(0);
    let dearest = (0..steps.len())
        .filter(|&i| walks[i].1.mode.by_rows && row(&walks[i].0) == longest)
        .max_by(|&a, &b| spare(a).total_cmp(&spare(b)).then(b.cmp(&a)));
    let Some(dearest) = dearest.filter(|&i| spare(i) > SPARE) else { return (0, Vec::new()) };
    let others = first.into_iter().filter(|(i, a)| *i != dearest && a.arg.down == signed(longest));
    let mut found: Vec<Ahead> = others.map(|(i, a)| Ahead { next: i < dearest, ..a }).collect();
    found.truncate(MOST);
    found.sort_by_key(|a| a.written);
    (dearest, found)
}
