//! Draws a figure as text: curves of braille dots, axes of box-drawing characters.

use super::axis::{Range, Tick};
use super::check;
use super::dots::{Dashes, Dots};
use super::error::PlotError;
use super::figure::{Figure, Series, plain};

const LEAST: (usize, usize) = (32, 10);
const MOST: (usize, usize) = (1000, 1000);
/// The fewest rows left for the curves.
const LEAST_ROWS: usize = 4;
/// Without colours, series differ by their dashes.
const DASHES: [Dashes; 4] = [&[], &[4, 4], &[1, 2], &[6, 3, 1, 3]];
/// How many characters of its line a series shows in the legend.
const SAMPLE: usize = 6;

/// The figure as text: `rows` lines of at most `columns` characters, without any control sequences.
///
/// Every character is taken to be one column wide.
///
/// # Errors
///
/// As for [`svg()`](super::svg()); a size is also too small if it leaves no room for the curves next to the
/// labels.
pub fn terminal(figure: &Figure, columns: usize, rows: usize) -> Result<String, PlotError> {
    check((columns, rows), LEAST, MOST)?;
    let (x, y) = figure.ranges()?;
    let [title, x_label, y_label] =
        [&figure.title, &figure.x_label, &figure.y_label].map(|text| cut(&plain(text), columns));
    let legend = legend(&figure.series, columns);
    let named = [&title, &x_label, &y_label].iter().filter(|text| !text.is_empty()).count();
    // Besides those, the axis and its numbers need a row each.
    let taken = named + 2 + legend.len();
    let small = |least| PlotError::Size { width: columns, height: rows, least, most: MOST };
    let height = rows.saturating_sub(taken);
    if height < LEAST_ROWS {
        return Err(small((LEAST.0, taken + LEAST_ROWS)));
    }
    let y_ticks = y.ticks((height / 3).clamp(1, 10));
    let gutter = y_ticks.iter().map(|t| t.label.chars().count()).max().unwrap_or(0) + 1;
    let width = columns.saturating_sub(gutter + 1);
    if width < LEAST.0 / 2 {
        return Err(small((gutter + 1 + LEAST.0 / 2, LEAST.1)));
    }
    let mut lines = Vec::new();
    if !title.is_empty() {
        lines.push(centered(&title, gutter + 1 + width / 2, columns));
    }
    if !y_label.is_empty() {
        lines.push(centered(&y_label, gutter, columns));
    }
    let dots = curves(figure, (x, y), width, height);
    let bottom = dots.last().1;
    let row_of = |tick: &Tick| usize::try_from(nearest(1.0 - y.share(tick.at), bottom) / 4);
    for row in 0..height {
        let tick = y_ticks.iter().find(|tick| row_of(tick) == Ok(row));
        let number = tick.map(|tick| tick.label.as_str());
        let mark = if number.is_some() { '┤' } else { '│' };
        lines.push(format!("{:>gutter$}{mark}{}", format!("{} ", number.unwrap_or("")), dots.row(row)));
    }
    lines.extend(x_axis(x, gutter, width));
    if !x_label.is_empty() {
        lines.push(centered(&x_label, gutter + 1 + width / 2, columns));
    }
    lines.extend(legend);
    Ok(lines.into_iter().map(|line| format!("{}\n", line.trim_end())).collect())
}

/// The curves alone.
fn curves(figure: &Figure, (x, y): (Range, Range), width: usize, height: usize) -> Dots {
    let mut dots = Dots::new(width, height);
    let (right, bottom) = dots.last();
    for (k, series) in figure.series.iter().enumerate() {
        let place = |px: f64, py: f64| (nearest(x.share(px), right), nearest(1.0 - y.share(py), bottom));
        for run in series.runs(place) {
            dots.line(&run, DASHES[k % DASHES.len()]);
        }
    }
    dots
}

/// The dot, of `last` and one, nearest to this share of an axis: a curve and a tick of one value share one.
fn nearest(share: f64, last: i64) -> i64 {
    libm::round(share * last as f64) as i64
}

/// The horizontal axis and the numbers below it.
fn x_axis(x: Range, gutter: usize, width: usize) -> [String; 2] {
    let ticks = x.ticks((width / 9).clamp(1, 12));
    let mut axis = vec!['─'; width];
    let mut numbers: Vec<char> = Vec::new();
    for tick in ticks {
        let at = usize::try_from(nearest(x.share(tick.at), 2 * width as i64 - 1) / 2).unwrap_or(0);
        let Some(mark) = axis.get_mut(at) else { continue };
        *mark = '┬';
        let length = tick.label.chars().count();
        // The last number may not stick out of the picture, nor one run into another.
        let start = (gutter + 1 + at).saturating_sub(length / 2).min(gutter + 1 + width - length.min(width));
        if numbers.is_empty() || start > numbers.len() {
            numbers.resize(start, ' ');
            numbers.extend(tick.label.chars());
        }
    }
    let axis: String = axis.into_iter().collect();
    [format!("{:gutter$}└{axis}", ""), numbers.into_iter().collect()]
}

/// The lines of the legend, each with as many entries as it has room for.
fn legend(series: &[Series], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (k, series) in series.iter().enumerate().filter(|(_, series)| !series.label.is_empty()) {
        let mut sample = Dots::new(SAMPLE, 1);
        sample.line(&[(0, 1), (sample.last().0, 1)], DASHES[k % DASHES.len()]);
        let label = cut(&plain(&series.label), columns - SAMPLE - 1);
        let entry = format!("{} {label}", sample.row(0));
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + entry.chars().count() <= columns => {
                *line += &format!("   {entry}");
            }
            _ => lines.push(entry),
        }
    }
    lines.into_iter().map(|line| centered(&line, columns / 2, columns)).collect()
}

/// `text` around the column `middle`, moved as far as it must be to lie within `columns`.
fn centered(text: &str, middle: usize, columns: usize) -> String {
    let length = text.chars().count();
    let start = middle.saturating_sub(length / 2).min(columns.saturating_sub(length));
    format!("{:start$}{text}", "")
}

/// `text`, or its beginning and an ellipsis, in at most `columns` characters.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}
