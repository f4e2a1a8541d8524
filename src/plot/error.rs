//! What can be wrong with a figure.

use std::error::Error;
use std::fmt;

/// Why a figure can't be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlotError {
    /// The figure has no series at all.
    NoSeries,
    /// No point of this series has two finite coordinates.
    NoPoints {
        /// The label of the series.
        label: String,
    },
    /// A series has more abscissas than ordinates, or fewer.
    Lengths {
        /// The label of the series.
        label: String,
        /// How many abscissas it has.
        xs: usize,
        /// How many ordinates it has.
        ys: usize,
    },
    /// The values along an axis are so far apart that their distance is no finite number.
    Span {
        /// The axis, `x` or `y`.
        axis: char,
    },
    /// The picture would be too small to hold its parts, or too large to draw.
    Size {
        /// The width asked for: pixels of a picture, columns of a terminal.
        width: usize,
        /// The height asked for: pixels of a picture, rows of a terminal.
        height: usize,
        /// The smallest width and height.
        least: (usize, usize),
        /// The largest width and height.
        most: (usize, usize),
    },
    /// A library below refused its input. No figure is known for which one does.
    Draw {
        /// What was being done.
        what: &'static str,
    },
}

impl fmt::Display for PlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSeries => f.write_str("the figure has no series"),
            Self::NoPoints { label } => write!(f, "series `{label}` has no finite point"),
            Self::Lengths { label, xs, ys } => {
                write!(f, "series `{label}` has {xs} x values but {ys} y values")
            }
            Self::Span { axis } => write!(f, "the {axis} values are too far apart to draw"),
            Self::Size { width, height, least, most } => write!(
                f,
                "a size of {width}x{height} is outside {}x{} to {}x{}",
                least.0, least.1, most.0, most.1
            ),
            Self::Draw { what } => write!(f, "drawing failed: {what}"),
        }
    }
}

impl Error for PlotError {}
