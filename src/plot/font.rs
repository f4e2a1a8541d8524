//! The one font of the figures, embedded so that no machine's own fonts matter.

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::error::PlotError;

/// DejaVu Sans, cut down to the characters of labels; its licence lies beside it.
static BYTES: &[u8] = include_bytes!("fonts/DejaVuSans-subset.ttf");

/// The families an SVG names: the embedded font, and two with the same widths for viewers without it.
pub(super) const FAMILIES: &str = "DejaVu Sans, Bitstream Vera Sans, Verdana, sans-serif";

/// The font, read.
pub(super) struct Font {
    face: Face<'static>,
}

impl Font {
    /// Reads the embedded font.
    pub(super) fn load() -> Result<Self, PlotError> {
        let face = Face::parse(BYTES, 0).map_err(|_| PlotError::Draw { what: "reading the font" })?;
        Ok(Self { face })
    }

    /// Each glyph of `text` and where it starts, in units of the font; last, where the text ends.
    fn place(&self, text: &str) -> (Vec<(GlyphId, f64)>, f64) {
        let mut glyphs = Vec::new();
        let mut at = 0.0;
        let mut before = None;
        for c in text.chars() {
            // Glyph 0 is the box that stands for a character the font lacks.
            let glyph = self.face.glyph_index(c).unwrap_or(GlyphId(0));
            at += before.map_or(0.0, |b| self.kerning(b, glyph));
            glyphs.push((glyph, at));
            at += f64::from(self.face.glyph_hor_advance(glyph).unwrap_or(0));
            before = Some(glyph);
        }
        (glyphs, at)
    }

    fn kerning(&self, left: GlyphId, right: GlyphId) -> f64 {
        let Some(kern) = self.face.tables().kern else { return 0.0 };
        let tables = kern.subtables.into_iter().filter(|t| t.horizontal && !t.variable);
        tables.filter_map(|t| t.glyphs_kerning(left, right)).map(f64::from).sum()
    }

    fn unit(&self, size: f64) -> f64 {
        size / f64::from(self.face.units_per_em())
    }

    /// How wide `text` is in letters of `size` pixels.
    pub(super) fn width(&self, text: &str, size: f64) -> f64 {
        self.place(text).1 * self.unit(size)
    }

    /// `text`, or as much of its beginning as is no wider than `room` together with an ellipsis.
    pub(super) fn fit(&self, text: &str, size: f64, room: f64) -> String {
        if self.width(text, size) <= room {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let short: String = kept.iter().chain(&['…']).collect();
            if self.width(&short, size) <= room {
                return short;
            }
        }
        String::new()
    }

    /// Draws the outlines of `text` from the origin, with y growing downwards.
    pub(super) fn outline<P: Pen>(&self, text: &str, size: f64, pen: &mut P) {
        let unit = self.unit(size) as f32;
        for (glyph, at) in self.place(text).0 {
            // A blank has no outline.
            let _ = self.face.outline_glyph(glyph, &mut Placed { pen, unit, at: at as f32 });
        }
    }
}

/// What draws outlines: quadratic curves and lines, which is all that this font has.
pub(super) trait Pen {
    /// Starts a contour.
    fn move_to(&mut self, x: f32, y: f32);
    /// Goes straight on.
    fn line_to(&mut self, x: f32, y: f32);
    /// Goes on in a curve with the control point `(x1, y1)`.
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32);
    /// Ends the contour where it started.
    fn close(&mut self);
}

/// A pen moved to one glyph of a text.
struct Placed<'a, P> {
    pen: &'a mut P,
    unit: f32,
    at: f32,
}

impl<P> Placed<'_, P> {
    fn x(&self, x: f32) -> f32 {
        (x + self.at) * self.unit
    }

    fn y(&self, y: f32) -> f32 {
        -y * self.unit
    }
}

impl<P: Pen> OutlineBuilder for Placed<'_, P> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.pen.move_to(self.x(x), self.y(y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.pen.line_to(self.x(x), self.y(y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.pen.quad_to(self.x(x1), self.y(y1), self.x(x), self.y(y));
    }

    // A TrueType outline has no cubic curves.
    fn curve_to(&mut self, _x1: f32, _y1: f32, _x2: f32, _y2: f32, x: f32, y: f32) {
        self.pen.line_to(self.x(x), self.y(y));
    }

    fn close(&mut self) {
        self.pen.close();
    }
}
