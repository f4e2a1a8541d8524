//! Shapes, and how elementwise operations combine them.

use std::fmt;
use std::sync::Arc;

use super::Dim;

/// The length of every axis. Cheap to clone; a scalar allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Shape(Option<Arc<[Dim]>>);

/// Why shapes do not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError(pub String);

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for ShapeError {}

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Shape {
        Shape(None)
    }

    /// A shape of these lengths.
    pub fn new(dims: impl IntoIterator<Item = Dim>) -> Shape {
        let dims: Vec<Dim> = dims.into_iter().collect();
        if dims.is_empty() { Shape(None) } else { Shape(Some(dims.into())) }
    }

    /// A shape of numbers.
    pub fn known(dims: &[usize]) -> Shape {
        Shape::new(dims.iter().map(|&n| Dim::Known(n)))
    }

    /// The lengths.
    pub fn dims(&self) -> &[Dim] {
        self.0.as_deref().unwrap_or(&[])
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.dims().len()
    }

    /// Number of elements.
    pub fn size(&self) -> Dim {
        Dim::product(self.dims().iter().cloned())
    }

    /// The numbers, when all lengths are numbers.
    pub fn as_known(&self) -> Option<Vec<usize>> {
        self.dims().iter().map(Dim::known).collect()
    }

    /// This shape with every symbol replaced.
    pub fn substitute(&self, to: &dyn Fn(&super::Sym) -> Option<Dim>) -> Shape {
        if self.dims().iter().all(|d| d.known().is_some()) {
            return self.clone();
        }
        Shape::new(self.dims().iter().map(|d| d.substitute(to)))
    }

    /// The common shape of elementwise operands. Axes align at the end; a literal 1 stretches;
    /// other lengths must agree, and where that cannot be known yet the left one is taken
    /// (the function checks it when it is called).
    ///
    /// # Errors
    /// Two numbers differ and neither is 1, or a number other than 1 would have to match an
    /// axis that is already known to differ.
    pub fn broadcast(&self, other: &Shape) -> Result<Shape, ShapeError> {
        if other.rank() == 0 || self == other {
            return Ok(self.clone());
        }
        if self.rank() == 0 {
            return Ok(other.clone());
        }
        let rank = self.rank().max(other.rank());
        let dims = (0..rank).map(|i| {
            match (self.axis_from_end(rank - 1 - i), other.axis_from_end(rank - 1 - i)) {
                (a, b) if a.is_one() => Ok(b),
                (a, b) if b.is_one() => Ok(a),
                // A number says more than a symbol.
                (Dim::Known(a), Dim::Known(b)) if a != b => {
                    Err(ShapeError(format!("cannot broadcast {self} with {other}")))
                }
                (a @ Dim::Known(_), _) => Ok(a),
                (_, b @ Dim::Known(_)) => Ok(b),
                (a, _) => Ok(a),
            }
        });
        Ok(Shape::new(dims.collect::<Result<Vec<_>, _>>()?))
    }

    /// Length of the axis `k` places from the end; 1 past the front.
    pub fn axis_from_end(&self, k: usize) -> Dim {
        let n = self.rank();
        if k < n { self.dims()[n - 1 - k].clone() } else { Dim::ONE }
    }
}

/// The axis that `axis` names among `rank`, negative ones from the end.
///
/// # Errors
/// It is out of range.
pub fn normalize_axis(axis: i64, rank: usize) -> Result<usize, ShapeError> {
    let n = i64::try_from(rank).unwrap_or(i64::MAX);
    let a = if axis < 0 { axis + n } else { axis };
    if (0..n).contains(&a) {
        usize::try_from(a).map_err(|_| ShapeError(format!("axis {axis} is out of range")))
    } else {
        Err(ShapeError(format!("axis {axis} is out of range for rank {rank}")))
    }
}

/// Sorted, distinct axes.
///
/// # Errors
/// One is out of range or named twice.
pub fn normalize_axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, ShapeError> {
    let mut out = axes.iter().map(|&a| normalize_axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    out.sort_unstable();
    if out.windows(2).any(|w| w[0] == w[1]) {
        return Err(ShapeError(format!("an axis is named twice in {axes:?}")));
    }
    Ok(out)
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, d) in self.dims().iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{d}")?;
        }
        f.write_str("]")
    }
}
