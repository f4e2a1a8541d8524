//! Pictures of curves: as SVG, as PNG, and as text for a terminal.
//!
//! This layer knows numbers and labels and nothing of expressions. Its pictures are the same bytes on every
//! machine: the font is embedded, and neither the platform's mathematical library nor its clock is asked.
//!
//! ```
//! use egrad::plot::{Figure, Series, Size, svg};
//!
//! let xs: Vec<f64> = (-60..=60).map(|k| f64::from(k) / 10.0).collect();
//! let ys = xs.iter().map(|x| 1.0 / (1.0 + libm::exp(-x))).collect();
//! let figure = Figure { title: "logistic".into(), series: vec![Series::new("s(x)", xs, ys)], ..Figure::default() };
//! assert!(svg(&figure, Size::default())?.contains("s(x)"));
//! # Ok::<(), egrad::plot::PlotError>(())
//! ```

mod axis;
mod dots;
mod error;
mod figure;
mod font;
mod layout;
mod legend;
mod raster;
mod scene;
mod svg;
mod terminal;

pub use error::PlotError;
pub use figure::{Figure, Series};
pub use terminal::terminal;

use font::Font;

/// The size of a picture in pixels.
///
/// Letters and lines grow with the picture: one of twice the size has the same parts with twice the pixels. Only
/// in pictures much smaller than the default they keep a size that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its width, 240 to 8192.
    pub width: u32,
    /// Its height, 180 to 8192.
    pub height: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { width: 640, height: 480 }
    }
}

impl Size {
    const LEAST: (usize, usize) = (240, 180);
    const MOST: (usize, usize) = (8192, 8192);

    fn check(self) -> Result<(), PlotError> {
        check((self.width as usize, self.height as usize), Self::LEAST, Self::MOST)
    }
}

/// Whether `size` is at least `least` and at most `most` in both directions.
fn check(
    (width, height): (usize, usize),
    least: (usize, usize),
    most: (usize, usize),
) -> Result<(), PlotError> {
    let fits = (least.0..=most.0).contains(&width) && (least.1..=most.1).contains(&height);
    if fits { Ok(()) } else { Err(PlotError::Size { width, height, least, most }) }
}

/// The figure as an SVG document.
///
/// # Errors
///
/// See [`PlotError`]: no series, a series without finite points or with lengths that differ, a bad size.
pub fn svg(figure: &Figure, size: Size) -> Result<String, PlotError> {
    let font = Font::load()?;
    Ok(svg::write(&layout::scene(figure, size, &font)?))
}

/// The figure as a PNG file.
///
/// # Errors
///
/// As for [`svg()`].
pub fn png(figure: &Figure, size: Size) -> Result<Vec<u8>, PlotError> {
    let font = Font::load()?;
    raster::write(&layout::scene(figure, size, &font)?, &font)
}
