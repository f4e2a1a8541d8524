//! Draws a scene in pixels and packs them as PNG.

use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, StrokeDash, Transform};

use super::error::PlotError;
use super::font::{Font, Pen};
use super::scene::{Anchor, Color, INK, Point, Scene, Shape, Stroke};

/// The scene as a PNG file of red, green and blue bytes.
pub(super) fn write(scene: &Scene, font: &Font) -> Result<Vec<u8>, PlotError> {
    let mut pixels = Pixmap::new(scene.width, scene.height)
        .ok_or(PlotError::Draw { what: "making room for the pixels" })?;
    pixels.fill(tiny_skia::Color::WHITE);
    for shape in &scene.shapes {
        draw(&mut pixels, shape, font);
    }
    // The paper is opaque, so every pixel is, and needs no fourth byte.
    let bytes: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    pack(scene, &bytes).map_err(|_| PlotError::Draw { what: "packing the pixels" })
}

fn pack(scene: &Scene, bytes: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, scene.width, scene.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()?;
    Ok(file)
}

fn draw(pixels: &mut Pixmap, shape: &Shape, font: &Font) {
    match shape {
        Shape::Lines { runs, stroke, .. } => {
            let mut path = PathBuilder::new();
            for run in runs {
                trace(&mut path, run);
            }
            line(pixels, path.finish(), stroke);
        }
        Shape::Panel { frame, fill, edge, .. } => {
            let (left, top) = (frame.left as f32, frame.top as f32);
            let rect = tiny_skia::Rect::from_xywh(left, top, frame.width as f32, frame.height as f32);
            let Some(rect) = rect else { return };
            if let Some(color) = fill {
                pixels.fill_rect(rect, &paint(*color), Transform::identity(), None);
            }
            if let Some(stroke) = edge {
                line(pixels, Some(PathBuilder::from_rect(rect)), stroke);
            }
        }
        Shape::Text { at, text, size, anchor, upwards } => {
            let mut outlines = Outlines(PathBuilder::new());
            font.outline(text, *size, &mut outlines);
            let Some(path) = outlines.0.finish() else { return };
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => font.width(text, *size) / 2.0,
                Anchor::End => font.width(text, *size),
            };
            let place = if *upwards {
                Transform::from_row(0.0, -1.0, 1.0, 0.0, at.0 as f32, (at.1 + back) as f32)
            } else {
                Transform::from_translate((at.0 - back) as f32, at.1 as f32)
            };
            pixels.fill_path(&path, &paint(INK), FillRule::Winding, place, None);
        }
    }
}

fn trace(path: &mut PathBuilder, run: &[Point]) {
    let Some((first, rest)) = run.split_first() else { return };
    path.move_to(first.0 as f32, first.1 as f32);
    // A line from a point to itself has round ends, where a lone move has nothing.
    let rest = if rest.is_empty() { run } else { rest };
    for point in rest {
        path.line_to(point.0 as f32, point.1 as f32);
    }
}

fn line(pixels: &mut Pixmap, path: Option<Path>, stroke: &Stroke) {
    let Some(path) = path else { return };
    let dash = if stroke.dashes.is_empty() {
        None
    } else {
        StrokeDash::new(stroke.dashes.iter().map(|d| *d as f32).collect(), 0.0)
    };
    let mut pen = tiny_skia::Stroke { width: stroke.width as f32, dash, ..tiny_skia::Stroke::default() };
    if stroke.round {
        (pen.line_cap, pen.line_join) = (LineCap::Round, LineJoin::Round);
    }
    pixels.stroke_path(&path, &paint(stroke.color), &pen, Transform::identity(), None);
}

fn paint(Color(r, g, b): Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, 255);
    paint
}

/// Collects the outlines of letters.
struct Outlines(PathBuilder);

impl Pen for Outlines {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
