//! Lays a figure out: margins as wide as the labels in them, axes, grid, curves and legend.

use super::Size;
use super::axis::{Range, Tick};
use super::error::PlotError;
use super::figure::{Figure, plain};
use super::font::Font;
use super::legend::{Legend, curve};
use super::scene::{Anchor, FAINT, Frame, INK, Point, Scene, Shape, Stroke};

/// The figure of this size has texts and lines as thick as the constants say; others are scaled from it.
const DESIGN: (f64, f64) = (640.0, 480.0);
const TITLE: f64 = 15.0;
const LABEL: f64 = 13.0;
const TICK: f64 = 11.0;
const CURVE: f64 = 2.0;
/// The diameter of a point that no line leads to.
const DOT: f64 = 5.0;
/// Letters of a smaller scale could not be read.
const LEAST_UNIT: f64 = 0.8;
const PADDING: f64 = 14.0;
const TICK_LENGTH: f64 = 4.0;
const TICK_GAP: f64 = 4.0;

/// What is known before the axes are placed.
struct Layout<'a> {
    figure: &'a Figure,
    font: &'a Font,
    x: Range,
    y: Range,
    /// One pixel of the unscaled figure.
    unit: f64,
    width: f64,
    height: f64,
}

/// Lays `figure` out on a picture of this size.
pub(super) fn scene(figure: &Figure, size: Size, font: &Font) -> Result<Scene, PlotError> {
    size.check()?;
    let (x, y) = figure.ranges()?;
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let unit = f64::min(width / DESIGN.0, height / DESIGN.1).max(LEAST_UNIT);
    let layout = Layout { figure, font, x, y, unit, width, height };
    let shapes = layout.shapes();
    Ok(Scene { width: size.width, height: size.height, title: plain(&figure.title), shapes })
}

impl Layout<'_> {
    fn shapes(&self) -> Vec<Shape> {
        let labels: Vec<String> = self.figure.series.iter().map(|s| plain(&s.label)).collect();
        let mut plot = self.plot(0.0);
        let legend = Legend::new(&labels, self.unit, (0.4 * self.width, plot.height), self.font);
        let mut curves = self.curves(plot);
        let mut corner = None;
        if let Some(legend) = &legend {
            let (place, free) = legend.place(plot, &curves);
            corner = Some(place);
            let beside = self.plot(legend.width + legend.margin());
            if !free && beside.width > 0.4 * self.width {
                plot = beside;
                curves = self.curves(plot);
                corner = Some((self.grid_line(plot.right() + legend.margin()), plot.top));
            }
        }
        let mut shapes = self.axes(plot);
        for (k, runs) in curves.into_iter().enumerate() {
            let (dots, runs): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.len() == 1);
            shapes.push(Shape::Lines { class: "curve", runs, stroke: curve(k, CURVE * self.unit) });
            shapes.push(Shape::Lines { class: "dots", runs: dots, stroke: self.dot(k) });
        }
        if let (Some(legend), Some(corner)) = (legend, corner) {
            let corner = (self.grid_line(corner.0), self.grid_line(corner.1));
            shapes.extend(legend.shapes(corner, |k| {
                let dots = self.figure.series[k].is_dots();
                (if dots { self.dot(k) } else { curve(k, CURVE * self.unit) }, dots)
            }));
        }
        shapes
    }

    /// The stroke of single points of a series.
    fn dot(&self, series: usize) -> Stroke {
        Stroke { round: true, dashes: Vec::new(), ..curve(series, DOT * self.unit) }
    }

    /// Where a thin line is sharp: its edges lie on those of pixels.
    fn grid_line(&self, at: f64) -> f64 {
        let half = libm::fmax(libm::round(self.unit), 1.0) / 2.0;
        libm::round(at - half) + half
    }

    /// The width of thin lines: whole pixels.
    fn thin(&self) -> f64 {
        libm::fmax(libm::round(self.unit), 1.0)
    }

    /// The area of the curves, if `beside` pixels right of it are for the legend.
    fn plot(&self, beside: f64) -> Frame {
        let (unit, figure) = (self.unit, self.figure);
        let titled = |text: &str, size: f64| if text.is_empty() { 0.0 } else { 1.6 * size * unit };
        let top = PADDING * unit + titled(&figure.title, TITLE);
        let under = (TICK_LENGTH + TICK_GAP + 1.1 * TICK) * unit;
        let bottom = self.height - 0.7 * PADDING * unit - titled(&figure.x_label, LABEL) - under;
        let size = TICK * unit;
        let widest = |ticks: Vec<Tick>| {
            let widths = ticks.into_iter().map(|t| self.font.width(&t.label, size));
            widths.fold(0.0, f64::max)
        };
        let ticks = widest(self.y.ticks(steps(bottom - top, 48.0 * unit)));
        let left =
            0.7 * PADDING * unit + titled(&figure.y_label, LABEL) + ticks + (TICK_LENGTH + TICK_GAP) * unit;
        let last = widest(self.x.ticks(steps(self.width - left, 72.0 * unit))) / 2.0;
        let right = self.width - f64::max(PADDING * unit, last + 2.0 * unit) - beside;
        let (left, top) = (self.grid_line(left), self.grid_line(top));
        let (right, bottom) = (self.grid_line(right), self.grid_line(bottom));
        Frame { left, top, width: f64::max(right - left, 1.0), height: f64::max(bottom - top, 1.0) }
    }

    fn at_x(&self, plot: Frame, x: f64) -> f64 {
        plot.left + plot.width * self.x.share(x)
    }

    fn at_y(&self, plot: Frame, y: f64) -> f64 {
        plot.bottom() - plot.height * self.y.share(y)
    }

    /// The runs of each series.
    fn curves(&self, plot: Frame) -> Vec<Vec<Vec<Point>>> {
        let place = |x: f64, y: f64| (self.at_x(plot, x), self.at_y(plot, y));
        self.figure.series.iter().map(|series| series.runs(place)).collect()
    }

    /// Grid, frame, ticks and all texts but those of the legend.
    fn axes(&self, plot: Frame) -> Vec<Shape> {
        let unit = self.unit;
        let x_ticks = self.x.ticks(steps(plot.width, 72.0 * unit));
        let y_ticks = self.y.ticks(steps(plot.height, 48.0 * unit));
        let length = libm::round(TICK_LENGTH * unit);
        let (mut grid, mut marks, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for tick in x_ticks {
            let x = self.grid_line(self.at_x(plot, tick.at));
            grid.push(vec![(x, plot.top), (x, plot.bottom())]);
            marks.push(vec![(x, plot.bottom()), (x, plot.bottom() + length)]);
            let y = plot.bottom() + length + (TICK_GAP + 0.8 * TICK) * unit;
            texts.push(self.text((x, y), tick.label, TICK, Anchor::Middle));
        }
        for tick in y_ticks {
            let y = self.grid_line(self.at_y(plot, tick.at));
            grid.push(vec![(plot.left, y), (plot.right(), y)]);
            marks.push(vec![(plot.left - length, y), (plot.left, y)]);
            let at = (plot.left - length - TICK_GAP * unit, y + 0.36 * TICK * unit);
            texts.push(self.text(at, tick.label, TICK, Anchor::End));
        }
        let line = |color| Stroke { color, width: self.thin(), dashes: Vec::new(), round: false };
        let mut shapes = vec![
            Shape::Lines { class: "grid", runs: grid, stroke: line(FAINT) },
            Shape::Lines { class: "ticks", runs: marks, stroke: line(INK) },
            Shape::Panel { class: "frame", frame: plot, fill: None, edge: Some(line(INK)) },
        ];
        shapes.extend(texts);
        shapes.extend(self.names(plot));
        shapes
    }

    /// The title and the names of the axes.
    fn names(&self, plot: Frame) -> Vec<Shape> {
        let unit = self.unit;
        let (center, middle) = (plot.left + plot.width / 2.0, plot.top + plot.height / 2.0);
        let short = |text: &str, size: f64, room: f64| self.font.fit(&plain(text), size * unit, room);
        // A centred title may reach as far as the nearer edge of the picture.
        let room = 2.0 * (f64::min(center, self.width - center) - 0.5 * PADDING * unit);
        let title = short(&self.figure.title, TITLE, room);
        let x_label = short(&self.figure.x_label, LABEL, room);
        let y_room = 2.0 * (f64::min(middle, self.height - middle) - 0.5 * PADDING * unit);
        let y_label = short(&self.figure.y_label, LABEL, y_room);
        let title = self.text((center, plot.top - 0.6 * TITLE * unit), title, TITLE, Anchor::Middle);
        let below = (center, self.height - PADDING * unit);
        let x_label = self.text(below, x_label, LABEL, Anchor::Middle);
        let at = (0.7 * PADDING * unit + 0.8 * LABEL * unit, middle);
        let size = LABEL * unit;
        let y_label = Shape::Text { at, text: y_label, size, anchor: Anchor::Middle, upwards: true };
        vec![title, x_label, y_label]
    }

    fn text(&self, at: Point, text: String, size: f64, anchor: Anchor) -> Shape {
        Shape::Text { at, text, size: size * self.unit, anchor, upwards: false }
    }
}

/// How many steps at least `least` pixels apart there is room for.
fn steps(room: f64, least: f64) -> usize {
    libm::floor(room / least).clamp(1.0, 12.0) as usize
}
