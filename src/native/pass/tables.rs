//! The places of a pass's operands in memory, and the tables for its calls.

use smallvec::SmallVec;

use super::{Operand, PARTIAL, Step};
use crate::eval::{From, signed};

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

/// The tables of all calls, and for each operand of each where it is in the first band and how far it moves from row to
/// row; likewise for joined results.
pub(super) struct Tables<T> {
    pub(super) table: Vec<*mut T>,
    pub(super) first: Vec<(*mut T, isize)>,
    pub(super) joined: Vec<(*mut T, isize)>,
}

impl<T> Tables<T> {
    pub(super) fn new(steps: &[Step<T>], places: &Places<T>, frame: *mut T) -> Option<Tables<T>> {
        let calls = || steps.iter().flat_map(|s| &s.calls);
        let operands = calls().map(|c| c.operands.len()).sum();
        let mut all = Tables {
            table: Vec::with_capacity(2 * (operands + calls().count())),
            first: Vec::with_capacity(operands),
            joined: Vec::new(),
        };
        for step in steps {
            for call in &step.calls {
                all.table.push(frame);
                for (i, o) in call.operands.iter().enumerate() {
                    let (at, step) = places.place(o, i >= step.reads)?;
                    all.first.push((at, step));
                    all.table.push(at);
                }
                let down = call.operands.iter().map(|o| (o.down * signed(size_of::<T>())).cast_unsigned());
                all.table.extend(down.chain([0]).map(std::ptr::without_provenance_mut));
            }
            for o in step.joins.iter().flat_map(|j| &j.results) {
                all.joined.push(places.place(o, true)?);
            }
        }
        Some(all)
    }
}
