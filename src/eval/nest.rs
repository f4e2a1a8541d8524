//! A loop nest over several operands at once, with as few and as long axes as their strides allow.

use smallvec::SmallVec;

use super::layout::signed;

/// Below this many elements a row is too short to be the innermost loop of a reduction that keeps
/// its axis.
pub(super) const SHORT: usize = 8;

/// Axes, at least two (the last two are the rows and columns of tiles), and a stride per operand
/// and axis.
#[derive(Debug, Clone)]
pub(crate) struct Nest {
    pub(crate) lens: SmallVec<[usize; 6]>,
    /// Operand by operand.
    strides: SmallVec<[isize; 24]>,
}

impl Nest {
    /// The nest for a space without empty axes. `strides` holds one stride per axis for each
    /// operand, of which the last `folds` are results of reductions.
    pub(crate) fn new(space: &[usize], strides: &[isize], operands: usize, folds: usize) -> Nest {
        let rank = space.len();
        let mut axes: SmallVec<[(usize, SmallVec<[isize; 8]>); 6]> = SmallVec::new();
        for (a, &n) in space.iter().enumerate() {
            if n == 1 {
                continue;
            }
            let here: SmallVec<[isize; 8]> = (0..operands).map(|o| strides[o * rank + a]).collect();
            // Two axes are one where every operand goes on as it would at the end of a row.
            if let Some((m, above)) = axes.last_mut()
                && let Some(joint) = m.checked_mul(n)
                && above.iter().zip(&here).all(|(&s, &t)| s == t.saturating_mul(signed(n)))
            {
                *m = joint;
                *above = here;
                continue;
            }
            axes.push((n, here));
        }
        let short = axes
            .last()
            .is_some_and(|(n, here)| *n < SHORT && here[operands - folds..].iter().any(|&s| s != 0));
        if short {
            let longest = (0..axes.len()).max_by_key(|&i| (axes[i].0, i)).unwrap_or(0);
            let axis = axes.remove(longest);
            axes.push(axis);
        }
        while axes.len() < 2 {
            axes.insert(0, (1, SmallVec::from_elem(0, operands)));
        }
        let lens = axes.iter().map(|(n, _)| *n).collect();
        let strides = (0..operands).flat_map(|o| axes.iter().map(move |(_, s)| s[o])).collect();
        Nest { lens, strides }
    }

    /// The strides of one operand.
    #[inline]
    pub(crate) fn strides(&self, operand: usize) -> &[isize] {
        &self.strides[operand * self.lens.len()..][..self.lens.len()]
    }

    /// Length of a tile's rows' axis, and of its columns' axis.
    #[inline]
    pub(crate) fn tile(&self) -> (usize, usize) {
        let k = self.lens.len();
        (self.lens[k - 2], self.lens[k - 1])
    }

    /// The strides of one operand along rows and columns of a tile.
    #[inline]
    pub(crate) fn tile_strides(&self, operand: usize) -> (isize, isize) {
        let s = self.strides(operand);
        (s[s.len() - 2], s[s.len() - 1])
    }
}

/// A position among the outer axes of a nest.
#[derive(Debug)]
pub(crate) struct Cursor {
    at: SmallVec<[usize; 6]>,
}

impl Cursor {
    /// The first position.
    pub(crate) fn new(nest: &Nest) -> Cursor {
        Cursor { at: SmallVec::from_elem(0, nest.lens.len() - 2) }
    }

    /// The next position; false past the last.
    pub(crate) fn next(&mut self, nest: &Nest) -> bool {
        for (i, &n) in self.at.iter_mut().zip(&nest.lens).rev() {
            *i += 1;
            if *i < n {
                return true;
            }
            *i = 0;
        }
        false
    }

    /// How far an operand is from its first element.
    #[inline]
    pub(crate) fn offset(&self, strides: &[isize]) -> isize {
        self.at.iter().zip(strides).map(|(&i, &s)| signed(i) * s).sum()
    }

    /// Is this the first position along every axis on which the operand does not move?
    #[inline]
    pub(crate) fn first(&self, strides: &[isize]) -> bool {
        self.at.iter().zip(strides).all(|(&i, &s)| s != 0 || i == 0)
    }
}
