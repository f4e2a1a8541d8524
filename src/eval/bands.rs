//! Steps that all go along the first axis of the same arrays, band of rows by band of rows: what one step has
//! read or written of a band is in the second cache when the next one reads it.
//!
//! Results of a row are as without bands, and whole sums are cut where their tree has a node. Sums over rows go on
//! from band to band within a stretch of rows (`stretches`), and those of stretches are joined in their order.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::cell::Format;
use super::len::LenId;
use super::plan::{Arg, Base, Buffer, Dest, FoldSpec, Fused, Source, Step, Value, ViewStep};

/// Steps that are done together for a band of rows at a time.
#[derive(Debug, Clone)]
pub struct Bands {
    /// The steps.
    pub steps: Vec<Step>,
    /// The length of the axis.
    pub rows: LenId,
    /// Buffers that these steps write by rows, and those of them that nothing else reads: they hold one band.
    pub(crate) by_rows: Vec<u32>,
    pub(crate) local: Vec<u32>,
    /// Arrays of at least two axes that are read or written by rows.
    pub(crate) arrays: Vec<(Base, Vec<LenId>)>,
}

/// How a reduction of a loop meets the first axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    /// A result for every row.
    Rows,
    /// The sum of rows.
    Sum,
    /// One number.
    Whole,
}

impl Along {
    /// `None` for a mixture.
    pub(crate) fn of(fold: &FoldSpec, rank: usize) -> Option<Along> {
        match (fold.axes.contains(&0), fold.axes.len(), rank) {
            (false, ..) => Some(Along::Rows),
            (true, 1, 1) => Some(Along::Whole),
            (true, 1, 2) => Some(Along::Sum),
            _ => None,
        }
    }
}

/// Steps under collection.
struct Group<'p> {
    values: &'p [Value],
    buffers: &'p [Buffer],
    rows: Option<LenId>,
    steps: Vec<Step>,
    /// Buffers that are written by rows, and those that are complete only at the end.
    by_rows: FxHashSet<u32>,
    unfinished: FxHashSet<u32>,
    numbers: FxHashSet<u32>,
    /// Arrays of several axes, and how many steps meet each.
    arrays: Vec<(Base, Vec<LenId>, usize)>,
}

/// Puts steps together where bands of rows pay.
pub(super) fn band(steps: Vec<Step>, values: &[Value], buffers: &[Buffer]) -> Vec<Step> {
    let mut readers: Vec<usize> = vec![0; buffers.len()];
    let read = |v: u32| match values[v as usize].base {
        Base::Buffer(b) => Some(b),
        Base::Input(_) => None,
    };
    for step in &steps {
        super::memory::reads(step, &mut |v| {
            if let Some(b) = read(v) {
                readers[b as usize] += 1;
            }
        });
    }
    let mut out = Vec::with_capacity(steps.len());
    let mut group = Group::new(values, buffers);
    for step in steps {
        if !group.takes(&step) {
            group.end(&mut readers, &mut out);
            if !group.takes(&step) {
                out.push(step);
                continue;
            }
        }
        group.add(step);
    }
    group.end(&mut readers, &mut out);
    out
}

impl<'p> Group<'p> {
    fn new(values: &'p [Value], buffers: &'p [Buffer]) -> Group<'p> {
        Group {
            values,
            buffers,
            rows: None,
            steps: Vec::new(),
            by_rows: FxHashSet::default(),
            unfinished: FxHashSet::default(),
            numbers: FxHashSet::default(),
            arrays: Vec::new(),
        }
    }

    /// Is a value what its first array is, row for row?
    fn row_for_row(&self, value: u32) -> bool {
        let mut at = value;
        while let Some((parent, step)) = &self.values[at as usize].parent {
            let same = match step {
                ViewStep::Permute(p) => p.first() == Some(&Some(0)),
                ViewStep::Broadcast => {
                    let (to, from) = (&self.values[at as usize].dims, &self.values[*parent as usize].dims);
                    to.len() == from.len() && to.first() == from.first()
                }
                _ => false,
            };
            if !same {
                return false;
            }
            at = *parent;
        }
        true
    }

    /// May a step of the group read an operand, whose rows are rows of the group or which is read whole?
    fn reads(&self, source: Source, rows: LenId, by_rows: bool) -> bool {
        match source {
            Source::Scalar(slot) => !self.numbers.contains(&slot),
            Source::Array(v) => match self.values[v as usize].base {
                Base::Input(_) => true,
                Base::Buffer(b) if self.unfinished.contains(&b) => false,
                Base::Buffer(b) if self.by_rows.contains(&b) => {
                    by_rows && self.buffers[b as usize].dims.first() == Some(&rows) && self.row_for_row(v)
                }
                Base::Buffer(_) => true,
            },
        }
    }

    /// Is a leaf of a loop read row by row?
    fn leaf_by_rows(&self, source: Source, fused: &Fused) -> bool {
        match source {
            Source::Scalar(_) => false,
            Source::Array(v) => {
                let dims = &self.values[v as usize].dims;
                dims.len() == fused.space.len() && dims.first() == fused.space.first()
            }
        }
    }

    fn takes(&self, step: &Step) -> bool {
        let Some(rows) = rows_of(step) else { return false };
        if self.rows.is_some_and(|r| r != rows) {
            return false;
        }
        match step {
            Step::Fused(fused) => {
                let rank = fused.space.len();
                fused.folds.iter().all(|f| {
                    matches!(
                        (Along::of(f, rank), f.out),
                        (Some(Along::Rows | Along::Sum), Dest::Buffer(_))
                            | (Some(Along::Whole), Dest::Scalar(_))
                    )
                }) && fused.leaves.iter().all(|&l| self.reads(l, rows, self.leaf_by_rows(l, fused)))
            }
            Step::Dot { a, b, out: Dest::Buffer(_) } => {
                self.reads(a.source, rows, true) && self.reads(b.source, rows, a.dims.len() == 1)
            }
            _ => false,
        }
    }

    fn meets(&mut self, base: Base, dims: &[LenId]) {
        match self.arrays.iter_mut().find(|(b, ..)| *b == base) {
            Some((_, _, steps)) => *steps += 1,
            None => self.arrays.push((base, dims.to_vec(), 1)),
        }
    }

    fn add(&mut self, step: Step) {
        self.rows = rows_of(&step);
        let mut met: Vec<(Base, Vec<LenId>)> = Vec::new();
        let of = |arg: &Arg| match arg.source {
            Source::Array(v) => Some((self.values[v as usize].base, arg.dims.clone())),
            Source::Scalar(_) => None,
        };
        match &step {
            Step::Fused(fused) => {
                for &leaf in fused.leaves.iter().filter(|&&l| self.leaf_by_rows(l, fused)) {
                    if let Source::Array(v) = leaf {
                        let value = &self.values[v as usize];
                        met.push((value.base, value.dims.clone()));
                    }
                }
                for &b in &fused.stores {
                    self.by_rows.insert(b);
                    met.push((Base::Buffer(b), fused.space.clone()));
                }
                for fold in &fused.folds {
                    match (Along::of(fold, fused.space.len()), fold.out) {
                        (Some(Along::Rows), Dest::Buffer(b)) => self.by_rows.insert(b),
                        (_, Dest::Buffer(b)) => self.unfinished.insert(b),
                        (_, Dest::Scalar(slot)) => self.numbers.insert(slot),
                    };
                }
            }
            Step::Dot { a, b, out } => {
                met.extend(of(if a.dims.len() == 1 { b } else { a }));
                if let Dest::Buffer(out) = out {
                    let set = if a.dims.len() == 1 { &mut self.unfinished } else { &mut self.by_rows };
                    set.insert(*out);
                }
            }
            _ => {}
        }
        met.retain(|(_, dims)| dims.len() > 1);
        met.sort_by_key(|(base, _)| key(*base));
        met.dedup_by_key(|(base, _)| key(*base));
        met.iter().for_each(|(base, dims)| self.meets(*base, dims));
        self.steps.push(step);
    }

    /// Ends the group: a step of bands where an array is met twice.
    fn end(&mut self, readers: &mut [usize], out: &mut Vec<Step>) {
        let done = std::mem::replace(self, Group::new(self.values, self.buffers));
        let pays = done.steps.len() > 1 && done.arrays.iter().any(|(_, _, n)| *n > 1);
        let Some(rows) = done.rows.filter(|_| pays) else {
            out.extend(done.steps);
            return;
        };
        let mut inside: Vec<usize> = vec![0; self.buffers.len()];
        for step in &done.steps {
            super::memory::reads(step, &mut |v| {
                if let Base::Buffer(b) = self.values[v as usize].base {
                    inside[b as usize] += 1;
                }
            });
        }
        // Outputs have their memory already.
        let own = |b: &u32| self.buffers[*b as usize].memory == u32::MAX;
        let mut local: Vec<u32> = done
            .by_rows
            .iter()
            .copied()
            .filter(own)
            .filter(|&b| inside[b as usize] == readers[b as usize])
            .collect();
        local.sort_unstable();
        let mut by_rows: Vec<u32> = done.by_rows.iter().copied().collect();
        by_rows.sort_unstable();
        let arrays = done.arrays.into_iter().map(|(base, dims, _)| (base, dims)).collect();
        out.push(Step::Bands(Bands { steps: done.steps, rows, by_rows, local, arrays }));
    }
}

fn key(base: Base) -> (bool, u32) {
    match base {
        Base::Input(k) => (false, k),
        Base::Buffer(b) => (true, b),
    }
}

/// The length along which a step goes by rows.
fn rows_of(step: &Step) -> Option<LenId> {
    match step {
        Step::Fused(fused) => fused.space.first().copied(),
        Step::Dot { a, b, .. } => match (a.dims.as_slice(), b.dims.as_slice()) {
            ([rows, _], [_]) => Some(*rows),
            ([rows], [_, _]) => Some(*rows),
            _ => None,
        },
        _ => None,
    }
}

impl Bands {
    /// The reductions to one number, and in which format.
    pub(crate) fn whole(&self) -> SmallVec<[(&FoldSpec, Format); 4]> {
        let loops = self.steps.iter().filter_map(|s| if let Step::Fused(f) = s { Some(f) } else { None });
        let folds = loops.flat_map(|f| f.folds.iter().map(move |x| (x, f)));
        let whole = folds.filter(|(x, f)| Along::of(x, f.space.len()) == Some(Along::Whole));
        whole.map(|(x, f)| (x, f.format)).collect()
    }

    /// Is a buffer written by rows?
    pub(crate) fn is_by_rows(&self, buffer: u32) -> bool {
        self.by_rows.binary_search(&buffer).is_ok()
    }

    /// Does a buffer hold one band only?
    pub(crate) fn is_local(&self, buffer: u32) -> bool {
        self.local.binary_search(&buffer).is_ok()
    }
}
