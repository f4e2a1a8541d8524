//! Reductions inside a loop: partial results join in pairs, in a fixed order.

use smallvec::SmallVec;

use super::cell::Cell;
use super::plan::FoldSpec;

/// Partial results of one element, joined when two of the same size meet.
#[derive(Debug, Default)]
pub(crate) struct Pairwise<T> {
    stack: SmallVec<[(u32, T); 8]>,
}

impl<T: Cell> Pairwise<T> {
    pub(crate) fn push(&mut self, x: T, merge: impl Fn(T, T) -> T) {
        self.push_joined(0, x, merge);
    }

    /// Partial results of blocks one after the other, which are overwritten.
    pub(crate) fn push_all(&mut self, values: &mut [T], spec: &FoldSpec) {
        let mut rest = values;
        while !rest.is_empty() {
            // As many as join among themselves where they stand.
            let before = self.stack.last().map_or(u32::MAX, |&(size, _)| size);
            let size = rest.len().ilog2().min(before);
            let (some, after) = rest.split_at_mut(1 << size);
            self.push_joined(size, T::join(spec)(some), merge(spec));
            rest = after;
        }
    }

    /// What `2^size` blocks have been joined to.
    fn push_joined(&mut self, size: u32, x: T, merge: impl Fn(T, T) -> T) {
        let (mut size, mut x) = (size, x);
        while let Some(&(below, y)) = self.stack.last()
            && below == size
        {
            self.stack.pop();
            x = merge(y, x);
            size += 1;
        }
        self.stack.push((size, x));
    }

    pub(crate) fn take(&mut self, merge: impl Fn(T, T) -> T) -> Option<T> {
        let mut total = self.stack.pop()?.1;
        while let Some((_, y)) = self.stack.pop() {
            total = merge(y, total);
        }
        Some(total)
    }
}

/// Partial results of blocks, those of each block for so many elements, into those of all: joined element by
/// element as [`Pairwise`] joins one, they are where those of the first block were.
pub(crate) fn pairwise<T>(values: &mut [T], elements: usize, pair: fn(&mut [T], &[T])) {
    let n = values.len();
    if n == 2 * elements {
        let (before, after) = values.split_at_mut(elements);
        return pair(before, after);
    }
    let mut join = |before: usize, after: usize| {
        let (head, tail) = values.split_at_mut(after);
        pair(&mut head[before..before + elements], &tail[..elements]);
    };
    let mut stack: SmallVec<[(u32, usize); 16]> = SmallVec::new();
    for block in (0..n).step_by(elements.max(1)) {
        let (mut size, mut at) = (0, block);
        while let Some(&(below, y)) = stack.last()
            && below == size
        {
            stack.pop();
            join(y, at);
            (size, at) = (size + 1, y);
        }
        stack.push((size, at));
    }
    let mut after = stack.pop();
    while let (Some((_, y)), Some((_, x))) = (stack.pop(), after) {
        join(y, x);
        after = Some((0, y));
    }
}

/// One reduction while its loop runs.
#[derive(Debug)]
pub(crate) struct Running<'p, 'a, T = f64> {
    spec: &'p FoldSpec,
    out: &'a mut [T],
    pending: Pairwise<T>,
    /// The element that the pending partial results belong to, and whether they are its first.
    key: usize,
    fresh: bool,
}

/// A block of operands as a tile: rows of columns, and where its results go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile<'t, T = f64> {
    pub(crate) values: &'t [T],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Position of the result of the first element.
    pub(crate) at: usize,
    /// Strides of the result along rows and columns; 0 along axes that are reduced.
    pub(crate) step: (isize, isize),
    /// Is this the first contribution, along outer axes, along rows, along columns?
    pub(crate) first: (bool, bool, bool),
}

fn shifted(at: usize, i: usize, stride: isize) -> usize {
    at.saturating_add_signed(super::layout::signed(i) * stride)
}

/// Partial results of parts of equal size, the last one smaller unless `even`, into one: the bits are
/// those of all blocks one after the other, where a part has a power of two of them.
pub(super) fn join<T: Cell>(spec: &FoldSpec, parts: impl ExactSizeIterator<Item = T>, even: bool) -> T {
    let full = parts.len() - usize::from(!even);
    let mut pending = Pairwise::default();
    for (i, x) in parts.enumerate() {
        if i < full {
            pending.push(x, merge(spec));
        } else {
            pending.stack.push((0, x));
        }
    }
    pending.take(merge(spec)).unwrap_or_default()
}

/// Two partial results into one.
pub(crate) fn merge<T: Cell>(spec: &FoldSpec) -> impl Fn(T, T) -> T {
    let merge = spec.merge.scalar;
    move |a, b| T::of(merge(a.wide(), b.wide()))
}

impl<'p, 'a, T: Cell> Running<'p, 'a, T> {
    pub(crate) fn new(spec: &'p FoldSpec, out: &'a mut [T]) -> Running<'p, 'a, T> {
        Running { spec, out, pending: Pairwise::default(), key: 0, fresh: true }
    }

    /// Adds a tile. `spare` is a block that may be overwritten.
    pub(crate) fn add(&mut self, t: Tile<'_, T>, spare: &mut [T]) {
        let (outer, row, col) = t.first;
        let (rows, cols) = t.step;
        // Moving along an axis that is kept is no further contribution.
        let (row, col) = (row || rows != 0, col || cols != 0);
        if cols == 0 && (rows == 0 || t.rows == 1) {
            self.partial(t.at, T::fold(self.spec)(t.values), outer && row && col);
            return;
        }
        if cols == 0 {
            let results = &mut spare[..t.rows];
            T::rows(self.spec)(t.values, t.cols, results);
            return self.put(t.at, rows, results, outer && col && row);
        }
        for (r, values) in t.values.chunks_exact(t.cols).enumerate() {
            let at = shifted(t.at, r, rows);
            let fresh = outer && col && row && (rows != 0 || r == 0);
            self.side_by_side(at, cols, values, fresh, spare);
        }
    }

    /// Adds row `r` of a tile, or all of it where rows are reduced too, as the partial result `x`.
    /// Columns are reduced; `t` has no values.
    pub(crate) fn add_folded(&mut self, t: Tile<'_, T>, r: usize, x: T) {
        let (outer, row, col) = t.first;
        let (rows, _) = t.step;
        if rows == 0 || t.rows == 1 {
            let at = shifted(t.at, if t.rows == 1 { r } else { 0 }, rows);
            self.partial(at, x, outer && (row || rows != 0) && col);
        } else {
            let at = shifted(t.at, r, rows);
            self.out[at] = if outer && col { x } else { merge(self.spec)(self.out[at], x) };
        }
    }

    /// Partial results of elements; `first` are set, others join what is there.
    pub(crate) fn put(&mut self, at: usize, stride: isize, values: &[T], first: bool) {
        if first && stride == 1 {
            self.out[at..at + values.len()].copy_from_slice(values);
            return;
        }
        for (i, &x) in values.iter().enumerate() {
            let out = &mut self.out[shifted(at, i, stride)];
            *out = if first { x } else { merge(self.spec)(*out, x) };
        }
    }

    /// A row of the result, to which columns are added; where nothing was added before, it is set to
    /// what changes nothing.
    pub(crate) fn row(&mut self, at: usize, n: usize, fresh: bool) -> &mut [T] {
        let row = &mut self.out[at..at + n];
        if fresh {
            row.fill(T::of(self.spec.identity));
        }
        row
    }

    /// A partial result for one element.
    fn partial(&mut self, at: usize, x: T, fresh: bool) {
        if at != self.key || fresh {
            self.flush();
            (self.key, self.fresh) = (at, fresh);
        }
        self.pending.push(x, merge(self.spec));
    }

    /// Each value goes to its own element.
    fn side_by_side(&mut self, at: usize, stride: isize, values: &[T], fresh: bool, spare: &mut [T]) {
        let step = &self.spec.step;
        if stride == 1 {
            let out = &mut self.out[at..at + values.len()];
            match (fresh, self.spec.init) {
                (true, None) => out.copy_from_slice(values),
                (true, Some(x)) => {
                    let spare = &mut spare[..values.len()];
                    spare.fill(T::of(x));
                    T::two(step)(spare, values, out);
                }
                (false, _) => {
                    let spare = &mut spare[..values.len()];
                    spare.copy_from_slice(out);
                    T::two(step)(spare, values, out);
                }
            }
            return;
        }
        for (i, &x) in values.iter().enumerate() {
            let out = &mut self.out[shifted(at, i, stride)];
            *out = match (fresh, self.spec.init) {
                (true, None) => x,
                (true, Some(init)) => T::of((step.scalar)(init, x.wide())),
                (false, _) => T::of((step.scalar)(out.wide(), x.wide())),
            };
        }
    }

    /// Puts what is pending into its element.
    pub(crate) fn flush(&mut self) {
        if let Some(x) = self.pending.take(merge(self.spec)) {
            let out = &mut self.out[self.key];
            *out = if self.fresh { x } else { merge(self.spec)(*out, x) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many elements at once have the bits of each alone, however many blocks there are.
    #[test]
    fn elements_join_as_each_alone() {
        let number = |i: usize| ((i * 2_654_435_761) % 1_000_003) as f64 / 1e6 - 0.5;
        let pair = |before: &mut [f64], after: &[f64]| {
            before.iter_mut().zip(after).for_each(|(x, y)| *x += y);
        };
        for blocks in 1..70 {
            let mut values: Vec<f64> = (0..3 * blocks).map(number).collect();
            let alone = |k: usize| {
                let mut pending = Pairwise::default();
                (0..blocks).for_each(|b| pending.push(number(3 * b + k), |x, y| x + y));
                pending.take(|x, y| x + y).map(f64::to_bits)
            };
            let expected: Vec<_> = (0..3).filter_map(alone).collect();
            pairwise(&mut values, 3, pair);
            assert_eq!(values[..3].iter().map(|x| x.to_bits()).collect::<Vec<_>>(), expected, "{blocks}");
        }
    }
}
