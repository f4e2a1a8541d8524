//! A figure laid out: shapes with coordinates in pixels, which the SVG and the PNG both draw.

/// A point of a picture: pixels from the left and from the top.
pub(super) type Point = (f64, f64);

/// A colour, opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color(pub(super) u8, pub(super) u8, pub(super) u8);

/// The colours of Okabe and Ito, which eyes of every kind tell apart, from dark to light on white.
const SERIES: [Color; 7] = [
    Color(0, 114, 178),
    Color(213, 94, 0),
    Color(0, 158, 115),
    Color(204, 121, 167),
    Color(0, 0, 0),
    Color(86, 180, 233),
    Color(230, 159, 0),
];

/// The dashes of the first seven series, of the next seven, and so on, in widths of the line.
const DASHES: [&[f64]; 3] = [&[], &[4.0, 2.5], &[1.0, 2.0]];

/// How the curve of one series is drawn.
pub(super) fn style(series: usize) -> (Color, &'static [f64]) {
    let color = SERIES[series % SERIES.len()];
    (color, DASHES[series / SERIES.len() % DASHES.len()])
}

/// What point of a text lies on the point it is drawn at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Where it begins.
    Start,
    /// Its middle.
    Middle,
    /// Where it ends.
    End,
}

/// Lines of one kind.
#[derive(Clone, Debug)]
pub(super) struct Stroke {
    /// Their colour.
    pub(super) color: Color,
    /// Their width.
    pub(super) width: f64,
    /// The lengths of dashes and gaps; solid if empty.
    pub(super) dashes: Vec<f64>,
    /// Whether ends and corners are round.
    pub(super) round: bool,
}

/// An axis-parallel rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Its left edge.
    pub(super) left: f64,
    /// Its upper edge.
    pub(super) top: f64,
    /// Its width.
    pub(super) width: f64,
    /// Its height.
    pub(super) height: f64,
}

impl Frame {
    /// Its right edge.
    pub(super) fn right(self) -> f64 {
        self.left + self.width
    }

    /// Its lower edge.
    pub(super) fn bottom(self) -> f64 {
        self.top + self.height
    }
}

/// One thing to draw.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Lines through points; a run of one point is a dot if the stroke is round.
    Lines { class: &'static str, runs: Vec<Vec<Point>>, stroke: Stroke },
    /// A rectangle.
    Panel { class: &'static str, frame: Frame, fill: Option<Color>, edge: Option<Stroke> },
    /// A line of text with its baseline on the point, or one read upwards.
    Text { at: Point, text: String, size: f64, anchor: Anchor, upwards: bool },
}

/// A picture.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// Its width.
    pub(super) width: u32,
    /// Its height.
    pub(super) height: u32,
    /// What it is called.
    pub(super) title: String,
    /// What is drawn, in this order, on white.
    pub(super) shapes: Vec<Shape>,
}

/// The colour of texts and axes.
pub(super) const INK: Color = Color(38, 38, 38);
/// The colour of the grid and of the legend's edge.
pub(super) const FAINT: Color = Color(222, 222, 222);
/// The colour of the paper.
pub(super) const PAPER: Color = Color(255, 255, 255);
