//! The places of a pass's operands in memory, and the tables for its calls.

use smallvec::SmallVec;

use super::super::shape::Shape;
use super::Step;
use crate::eval::{From, Nest, PassArg, signed};

/// Memory of partial results.
pub(super) const PARTIAL: usize = usize::MAX;

/// An entry of a call's table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand {
    /// Which memory, and the position of the first element; of partial results, in theirs.
    pub(super) piece: usize,
    pub(super) at: isize,
    pub(super) from: From,
    /// From row to row of the call, and of the band.
    pub(super) down: isize,
    pub(super) step: isize,
    /// Elements of a row from the first on.
    pub(super) n: usize,
    /// How far off is what is only brought to the caches; it may be past the end.
    pub(super) ahead: isize,
}

impl Operand {
    /// Rows of which no element is read or written.
    pub(super) fn rows(arg: &PassArg) -> Operand {
        let PassArg { piece, at, from, down, .. } = *arg;
        Operand { piece, at, from, down, step: down, n: 0, ahead: 0 }
    }
}

/// An operand in some columns of a nest.
pub(super) fn operand(
    shape: &Shape,
    nest: &Nest,
    k: usize,
    arg: &PassArg,
    (column, n): (usize, usize),
) -> Operand {
    let (down, along) = nest.tile_strides(k);
    let one = shape.mode.uniform >> k & 1 == 1;
    let at = arg.at + along * signed(column);
    Operand { at, down, n: if one { 1 } else { n }, ..Operand::rows(arg) }
}

/// The memory of a pass: where each piece begins, and how many numbers it has.
pub(super) struct Places<T> {
    pub(super) pieces: SmallVec<[(*mut T, usize, bool); 24]>,
    pub(super) partial: (*mut T, usize),
    /// The first row of the stretch, and how many there are.
    pub(super) rows: (usize, usize),
    pub(super) height: usize,
}

impl<T> Places<T> {
    /// Where an operand is in the first band, and how far it moves from row to row of the stretch; `None` where
    /// some row would be outside of its memory.
    fn place(&self, o: &Operand, written: bool) -> Option<(*mut T, isize)> {
        let (at, n, writable) = match o.piece {
            PARTIAL => (self.partial.0, self.partial.1, true),
            k => *self.pieces.get(k)?,
        };
        let (first, rows, step) = match o.from {
            From::Call => (o.at.checked_add(o.step.checked_mul(signed(self.rows.0))?)?, self.rows.1, o.step),
            From::Stretch => (o.at, self.rows.1, o.step),
            From::Band => (o.at, self.height.min(self.rows.1), 0),
        };
        // Rows of a band lie as those of the stretch do.
        if o.from != From::Band && o.step != o.down || written && !writable {
            return None;
        }
        let last = first.checked_add(o.down.checked_mul(signed(rows) - 1)?)?;
        let (low, high) = (first.min(last), first.max(last).checked_add(signed(o.n))?);
        (low >= 0 && high <= signed(n)).then(|| (at.wrapping_offset(first + o.ahead), step))
    }
}

/// Where an operand is in the band at hand, and how many bytes further in the next one.
#[derive(Debug)]
pub(super) struct Moving<T> {
    at: *mut T,
    bytes: isize,
}

impl<T> Moving<T> {
    /// The place in the band at hand.
    pub(super) fn here(&self) -> *mut T {
        self.at
    }

    /// The place in the band at hand; then it is that in the next one.
    #[inline(always)]
    pub(super) fn next(&mut self) -> *mut T {
        let at = self.at;
        self.at = at.wrapping_byte_offset(self.bytes);
        at
    }
}

/// The tables of all calls, and the operands of each; likewise the results that are joined.
pub(super) struct Tables<T> {
    pub(super) table: Vec<*mut T>,
    pub(super) operands: Vec<Moving<T>>,
    pub(super) joined: Vec<Moving<T>>,
}

impl<T> Tables<T> {
    pub(super) fn new(steps: &[Step<T>], places: &Places<T>, frame: *mut T) -> Option<Tables<T>> {
        let calls = || steps.iter().flat_map(|s| &s.calls);
        let operands = calls().map(|c| c.operands.len()).sum();
        let mut all = Tables {
            table: Vec::with_capacity(2 * (operands + calls().count())),
            operands: Vec::with_capacity(operands),
            joined: Vec::new(),
        };
        let moving = |o: &Operand, written: bool| {
            let (at, step) = places.place(o, written)?;
            Some(Moving { at, bytes: step * signed(places.height) * signed(size_of::<T>()) })
        };
        for step in steps {
            for call in &step.calls {
                all.table.push(frame);
                for (i, o) in call.operands.iter().enumerate() {
                    let o = moving(o, i >= step.reads)?;
                    all.table.push(o.at);
                    all.operands.push(o);
                }
                let down = call.operands.iter().map(|o| (o.down * signed(size_of::<T>())).cast_unsigned());
                all.table.extend(down.chain([0]).map(std::ptr::without_provenance_mut));
            }
            for o in step.joins.iter().flat_map(|j| &j.results) {
                all.joined.push(moving(o, true)?);
            }
        }
        Some(all)
    }
}
