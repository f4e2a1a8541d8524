//! One array that others are put into, or added to, at slices of the first axis: segments of the axis, each a
//! loop of its own.

use smallvec::SmallVec;

use super::layout::signed;
use super::plan::Fused;
use crate::op::IndexItem;
use crate::ty::slice_bounds;

/// A result in segments.
#[derive(Debug, Clone)]
pub struct Windowed {
    /// The slices.
    pub slices: Vec<IndexItem>,
    /// The program for every set of slices that an element may be in: a bit for each.
    pub programs: Vec<Framed>,
    /// Where it goes.
    pub out: u32,
}

/// A loop whose leaves are read along the result or along a slice of it.
#[derive(Debug, Clone)]
pub struct Framed {
    /// The loop; without instructions it copies its only leaf.
    pub fused: Fused,
    /// For each leaf the slice, counted from 1; 0 is the result itself.
    pub frames: Vec<u32>,
}

/// Some elements along the first axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Its program.
    pub(crate) program: usize,
}

impl Windowed {
    /// The segments of an axis of so many elements.
    pub(crate) fn segments(&self, n: usize) -> SmallVec<[Segment; 8]> {
        let bounds: SmallVec<[(usize, usize); 4]> =
            (1..=self.slices.len()).map(|f| self.frame(f, n)).map(|(from, n)| (from, from + n)).collect();
        let mut cuts: SmallVec<[usize; 8]> = bounds.iter().flat_map(|&(a, b)| [a, b]).chain([0, n]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let inside = |start: usize| {
            let holds = bounds.iter().enumerate().filter(|(_, (a, b))| (*a..*b).contains(&start));
            holds.fold(0, |all, (k, _)| all | 1 << k)
        };
        let pairs = cuts.windows(2).map(|w| (w[0], w[1]));
        pairs.map(|(start, end)| Segment { start, end, program: inside(start) }).collect()
    }

    /// Where the elements of a frame begin in an axis of `n`, and how many there are.
    pub(crate) fn frame(&self, frame: usize, n: usize) -> (usize, usize) {
        match frame.checked_sub(1).map(|k| &self.slices[k]) {
            Some(&IndexItem::Slice { start, stop, step }) => {
                let (from, count) = slice_bounds(n, start, stop, step);
                (usize::try_from(from).unwrap_or(0), count)
            }
            _ => (0, n),
        }
    }

    /// The lengths of the array that a leaf of a frame is broadcast to, and how far a segment is from its first
    /// element along the first axis.
    pub(crate) fn seen(
        &self,
        frame: u32,
        segment: Segment,
        space: &[usize],
    ) -> (SmallVec<[usize; 4]>, isize) {
        let mut lens: SmallVec<[usize; 4]> = space.into();
        let (from, n) = self.frame(frame as usize, space[0]);
        lens[0] = n;
        (lens, signed(segment.start) - signed(from))
    }
}
