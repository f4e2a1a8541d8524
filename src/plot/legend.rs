//! The legend: how large it is, and where it covers no curve.

use super::font::Font;
use super::scene::{Anchor, FAINT, Frame, PAPER, Point, Shape, Stroke, style};

/// A legend of known size, not yet placed.
pub(super) struct Legend {
    /// The text of each entry and the number of the series it names, if it names one.
    entries: Vec<(Option<usize>, String)>,
    /// One pixel of the unscaled figure.
    unit: f64,
    /// Its width.
    pub(super) width: f64,
    /// Its height.
    pub(super) height: f64,
}

const SIZE: f64 = 12.0;
const ROW: f64 = 18.0;
const PADDING: f64 = 9.0;
const SAMPLE: f64 = 26.0;
const GAP: f64 = 8.0;
/// The distance from the axes and the least distance from a curve.
const MARGIN: f64 = 8.0;

impl Legend {
    /// The legend of series with these labels, no larger than `room`; `None` if no label says anything.
    pub(super) fn new(labels: &[String], unit: f64, room: (f64, f64), font: &Font) -> Option<Self> {
        let size = SIZE * unit;
        let around = (2.0 * PADDING + SAMPLE + GAP) * unit;
        let fit = |label: &String| font.fit(label, size, room.0 - around);
        let named = labels.iter().enumerate().filter(|(_, label)| !label.is_empty());
        let mut entries: Vec<_> = named.map(|(k, label)| (Some(k), fit(label))).collect();
        let rows = libm::floor((room.1 / unit - 2.0 * PADDING) / ROW).max(1.0) as usize;
        if entries.len() > rows {
            let more = entries.len() + 1 - rows;
            entries.truncate(rows - 1);
            entries.push((None, fit(&format!("and {more} more"))));
        }
        let widest = entries.iter().map(|(_, text)| font.width(text, size)).fold(0.0, f64::max);
        let height = (ROW * entries.len() as f64 + 2.0 * PADDING - 4.0) * unit;
        (!entries.is_empty()).then_some(Self { entries, unit, width: around + widest, height })
    }

    /// The distance kept from the axes.
    pub(super) fn margin(&self) -> f64 {
        MARGIN * self.unit
    }

    /// The place inside `plot` that covers the least of the curves, and whether it covers none.
    pub(super) fn place(&self, plot: Frame, curves: &[Vec<Vec<Point>>]) -> (Point, bool) {
        let margin = self.margin();
        let (left, top) = (plot.left + margin, plot.top + margin);
        let right = f64::max(left, plot.right() - margin - self.width);
        let bottom = f64::max(top, plot.bottom() - margin - self.height);
        let (center, middle) = (left.midpoint(right), top.midpoint(bottom));
        // Earlier places are liked better.
        let places = [
            (left, top),
            (right, top),
            (left, bottom),
            (right, bottom),
            (left, middle),
            (right, middle),
            (center, top),
            (center, bottom),
        ];
        let marks: Vec<Point> = curves.iter().flatten().flat_map(|run| dense(run, margin / 2.0)).collect();
        let mut best = ((left, top), usize::MAX);
        for place in places {
            let inside = |&(x, y): &Point| {
                x >= place.0 - margin
                    && x <= place.0 + self.width + margin
                    && y >= place.1 - margin
                    && y <= place.1 + self.height + margin
            };
            let covered = marks.iter().filter(|&mark| inside(mark)).count();
            if covered < best.1 {
                best = (place, covered);
            }
        }
        let fits = self.width + 2.0 * margin <= plot.width && self.height + 2.0 * margin <= plot.height;
        (best.0, fits && best.1 == 0)
    }

    /// The shapes of the legend with its upper left corner at `corner`: for each series a piece of its curve, or dots,
    /// in its stroke.
    pub(super) fn shapes(&self, corner: Point, stroke: impl Fn(usize) -> (Stroke, bool)) -> Vec<Shape> {
        let unit = self.unit;
        let frame = Frame { left: corner.0, top: corner.1, width: self.width, height: self.height };
        let edge = Stroke { color: FAINT, width: unit, dashes: Vec::new(), round: false };
        let mut shapes = vec![Shape::Panel { class: "legend", frame, fill: Some(PAPER), edge: Some(edge) }];
        for (row, (series, text)) in self.entries.iter().enumerate() {
            let left = corner.0 + PADDING * unit;
            let y = corner.1 + (PADDING - 2.0 + ROW * (row as f64 + 0.5)) * unit;
            let end = left + SAMPLE * unit;
            if let Some(series) = series {
                let (stroke, dots) = stroke(*series);
                let runs = if dots {
                    [left, (left + end) / 2.0, end].map(|x| vec![(x, y)]).to_vec()
                } else {
                    vec![vec![(left, y), (end, y)]]
                };
                shapes.push(Shape::Lines { class: "sample", runs, stroke });
            }
            shapes.push(Shape::Text {
                at: (end + GAP * unit, y + 0.36 * SIZE * unit),
                text: text.clone(),
                size: SIZE * unit,
                anchor: Anchor::Start,
                upwards: false,
            });
        }
        shapes
    }
}

/// The stroke of one series.
pub(super) fn curve(series: usize, width: f64) -> Stroke {
    let (color, dashes) = style(series);
    Stroke { color, width, dashes: dashes.iter().map(|d| d * width).collect(), round: dashes.is_empty() }
}

/// The points of a run, and more between them so that none is farther than `step` from the next.
fn dense(run: &[Point], step: f64) -> Vec<Point> {
    let mut points: Vec<Point> = run.iter().take(1).copied().collect();
    for pair in run.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let pieces = libm::ceil(libm::hypot(x1 - x0, y1 - y0) / step).max(1.0);
        let share = |piece: usize| piece as f64 / pieces;
        points.extend((1..=pieces as usize).map(|p| (x0 + (x1 - x0) * share(p), y0 + (y1 - y0) * share(p))));
    }
    points
}
