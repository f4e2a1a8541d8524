//! What the loops of a pass bring to the caches for each other: the dearest computes while memory delivers what the
//! others read and write.

use super::shape::Shape;
use crate::eval::{From, Instr, Nest, PassArg, PassStep, signed};

/// Bytes of an array that no cache near the processor holds.
const LARGE: usize = 1 << 20;

/// Bytes of an array whose rows come from memory, not from a cache: how they are gone through tells how soon.
pub(super) const FAR: usize = 1 << 22;

/// Additions in the time in which a number comes from memory.
const MOVED: f64 = 8.0;

/// Additions of a loop that others' memory hides behind, at least.
const SPARE: f64 = 2.0 * MOVED;

/// Arrays that are brought for others, at most.
const MOST: usize = 4;

/// Bytes that are brought for a next band at most: they wait in the second cache.
const NEXT: usize = 1 << 17;

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

/// Elements of a row of a band so high.
fn row(nest: &Nest, height: usize) -> usize {
    match nest.tile() {
        (1, n) => n / height,
        (_, n) => n,
    }
}

/// Arrays of at least so many bytes whose rows each loop is the first to meet.
fn first(
    steps: &[PassStep<'_>],
    walks: &[(Nest, Shape)],
    (rows, height, size): (usize, usize, usize),
    bytes: usize,
) -> Vec<(usize, Ahead)> {
    let mut met: Vec<(usize, isize)> = Vec::new();
    let mut first: Vec<(usize, Ahead)> = Vec::new();
    for (i, (step, (nest, _))) in steps.iter().zip(walks).enumerate() {
        let (leaves, n) = (step.leaves.len(), row(nest, height));
        let args = step.leaves.iter().chain(&step.results).take(leaves + step.fused.stores.len());
        for (k, arg) in args.enumerate() {
            let large = rows.saturating_mul(n).saturating_mul(size) >= bytes;
            let in_order = nest.tile_strides(k).1 == 1 && arg.down == signed(n);
            if arg.from != From::Band && large && in_order && !met.contains(&(arg.piece, arg.at)) {
                met.push((arg.piece, arg.at));
                first.push((i, Ahead { arg: arg.clone(), next: false, written: k >= leaves }));
            }
        }
    }
    first
}

/// The loop that brings others' rows, and whose.
pub(super) fn ahead(
    steps: &[PassStep<'_>],
    walks: &[(Nest, Shape)],
    (rows, height, size): (usize, usize, usize),
) -> (usize, Vec<Ahead>) {
    let first = first(steps, walks, (rows, height, size), LARGE);
    // What a loop computes beyond what memory takes for it, of the rows that most are of.
    let spare = |i: usize| -> f64 {
        let cost = |i: &Instr| if let Instr::Map { op, .. } = i { op.def().cost } else { 1.0 };
        let computed: f64 = steps[i].fused.code.iter().map(cost).sum();
        let own = first.iter().filter(|(at, _)| *at == i);
        computed - own.map(|(_, a)| if a.written { 2.0 * MOVED } else { MOVED }).sum::<f64>()
    };
    let longest = longest(walks, height);
    let dearest = (0..steps.len())
        .filter(|&i| walks[i].0.tile().0 > 1 && row(&walks[i].0, height) == longest)
        .max_by(|&a, &b| spare(a).total_cmp(&spare(b)).then(b.cmp(&a)));
    let Some(dearest) = dearest.filter(|&i| spare(i) > SPARE) else { return (0, Vec::new()) };
    let others = first.into_iter().filter(|(i, a)| *i != dearest && a.arg.down == signed(longest));
    let mut found: Vec<Ahead> = others.map(|(i, a)| Ahead { next: i < dearest, ..a }).collect();
    found.truncate(MOST);
    found.sort_by_key(|a| a.written);
    (dearest, found)
}

fn longest(walks: &[(Nest, Shape)], height: usize) -> usize {
    walks.iter().map(|(nest, _)| row(nest, height)).max().unwrap_or(0)
}

/// Where no loop computes much, the last over the longest rows brings the next row of what those before it are the
/// first to read: it stores, which does not wait for memory, and they would wait for each line.
pub(super) fn behind(
    steps: &[PassStep<'_>],
    walks: &[(Nest, Shape)],
    sizes: (usize, usize, usize),
) -> (usize, Vec<Ahead>) {
    let longest = longest(walks, sizes.1);
    let over = |i: &usize| walks[*i].0.tile().0 > 1 && row(&walks[*i].0, sizes.1) == longest;
    let Some(last) = (0..steps.len()).rfind(over) else { return (0, Vec::new()) };
    let first = first(steps, walks, sizes, FAR).into_iter();
    let read = first.filter(|(i, a)| *i < last && !a.written && a.arg.down == signed(longest));
    let found: Vec<Ahead> = read.map(|(_, a)| Ahead { next: true, ..a }).take(MOST).collect();
    let bytes = longest.saturating_mul(sizes.1 * sizes.2 * found.len());
    (last, if bytes > NEXT { Vec::new() } else { found })
}
