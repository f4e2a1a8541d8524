//! The data of a figure, and the ranges it covers.

use super::axis::Range;
use super::error::PlotError;

/// A picture of some curves over one pair of axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// The line above the picture; none if empty.
    pub title: String,
    /// What runs along the horizontal axis; not named if empty.
    pub x_label: String,
    /// What runs along the vertical axis; not named if empty.
    pub y_label: String,
    /// The curves, drawn in this order; a later one lies above an earlier one.
    pub series: Vec<Series>,
}

/// One curve: points joined by straight lines in the order given.
///
/// A point with a coordinate that is NaN or infinite is left out and breaks the line there. A point between two
/// breaks is drawn as a dot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The name in the legend; no entry if empty.
    pub label: String,
    /// The horizontal coordinates.
    pub xs: Vec<f64>,
    /// The vertical coordinates, as many as `xs`.
    pub ys: Vec<f64>,
}

impl Series {
    /// A series of this name and these points.
    pub fn new(label: impl Into<String>, xs: Vec<f64>, ys: Vec<f64>) -> Self {
        Self { label: label.into(), xs, ys }
    }

    /// The points that have two finite coordinates.
    fn finite(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let points = self.xs.iter().copied().zip(self.ys.iter().copied());
        points.filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    /// Is no point joined to another?
    pub(super) fn is_dots(&self) -> bool {
        self.runs(|x, y| (x, y)).iter().all(|run| run.len() == 1)
    }

    /// The unbroken pieces of the curve, none of them empty, each point sent through `place`.
    pub(super) fn runs<P: PartialEq>(&self, place: impl Fn(f64, f64) -> P) -> Vec<Vec<P>> {
        let mut runs = Vec::new();
        let mut run: Vec<P> = Vec::new();
        for (&x, &y) in self.xs.iter().zip(&self.ys) {
            if !(x.is_finite() && y.is_finite()) {
                if !run.is_empty() {
                    runs.push(std::mem::take(&mut run));
                }
                continue;
            }
            let point = place(x, y);
            if run.last() != Some(&point) {
                run.push(point);
            }
        }
        if !run.is_empty() {
            runs.push(run);
        }
        runs
    }
}

impl Figure {
    /// The ranges of both coordinates over all series, or what keeps the figure from being drawn.
    pub(super) fn ranges(&self) -> Result<(Range, Range), PlotError> {
        if self.series.is_empty() {
            return Err(PlotError::NoSeries);
        }
        for series in &self.series {
            let (xs, ys) = (series.xs.len(), series.ys.len());
            let label = || plain(&series.label);
            if xs != ys {
                return Err(PlotError::Lengths { label: label(), xs, ys });
            }
            if series.finite().next().is_none() {
                return Err(PlotError::NoPoints { label: label() });
            }
        }
        let points = || self.series.iter().flat_map(Series::finite);
        let x = Range::covering(points().map(|p| p.0)).ok_or(PlotError::Span { axis: 'x' })?;
        let y = Range::covering(points().map(|p| p.1)).ok_or(PlotError::Span { axis: 'y' })?;
        // A curve may end at the frame; a dot there is half hidden.
        let dots = self.series.iter().any(Series::is_dots);
        let x = if dots { x.padded(0.05).ok_or(PlotError::Span { axis: 'x' })? } else { x };
        Ok((x, y.padded(0.05).ok_or(PlotError::Span { axis: 'y' })?))
    }
}

/// `text` on one line: control characters, which XML and a terminal can't show, become spaces.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
