//! Writes a scene as SVG.

use super::font::FAMILIES;
use super::scene::{Anchor, Color, Point, Scene, Shape, Stroke};

/// The scene as a document of its own.
///
/// Texts stay texts, so that they can be searched and restyled.
pub(super) fn write(scene: &Scene) -> String {
    let (width, height) = (scene.width, scene.height);
    let mut lines = vec![
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FAMILIES}\">"
        ),
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>".to_owned(),
    ];
    if !scene.title.is_empty() {
        lines.insert(1, format!("<title>{}</title>", escape(&scene.title)));
    }
    lines.extend(scene.shapes.iter().filter_map(shape));
    lines.push("</svg>\n".to_owned());
    lines.join("\n")
}

/// The element of one shape; `None` if it shows nothing.
fn shape(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Lines { runs, .. } if runs.is_empty() => None,
        Shape::Lines { class, runs, stroke } => {
            let data: Vec<String> = runs.iter().map(|run| path(run)).collect();
            let (data, stroke) = (data.join(""), attributes(stroke));
            Some(format!("<path class=\"{class}\" fill=\"none\" {stroke} d=\"{data}\"/>"))
        }
        Shape::Panel { class, frame, fill, edge } => {
            let fill = fill.map_or("none".to_owned(), hex);
            let edge = edge.as_ref().map_or(String::new(), |e| format!(" {}", attributes(e)));
            Some(format!(
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"{edge}/>",
                number(frame.left),
                number(frame.top),
                number(frame.width),
                number(frame.height)
            ))
        }
        Shape::Text { text, .. } if text.is_empty() => None,
        Shape::Text { at, text, size, anchor, upwards } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let (x, y) = (number(at.0), number(at.1));
            let place = if *upwards {
                format!("transform=\"translate({x} {y}) rotate(-90)\"")
            } else {
                format!("x=\"{x}\" y=\"{y}\"")
            };
            let (fill, size, text) = (hex(super::scene::INK), number(*size), escape(text));
            Some(format!(
                "<text {place} font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{text}</text>"
            ))
        }
    }
}

fn path(run: &[Point]) -> String {
    let write = |(x, y): &Point| format!("{} {}", number(*x), number(*y));
    let points: Vec<String> = run.iter().map(write).collect();
    match points.as_slice() {
        // A line from a point to itself has round ends, where a lone move has nothing.
        [only] => format!("M{only}L{only}"),
        [first, rest @ ..] => format!("M{first}L{}", rest.join(" ")),
        [] => String::new(),
    }
}

fn attributes(stroke: &Stroke) -> String {
    let mut text = format!("stroke=\"{}\" stroke-width=\"{}\"", hex(stroke.color), number(stroke.width));
    if !stroke.dashes.is_empty() {
        let dashes: Vec<String> = stroke.dashes.iter().map(|d| number(*d)).collect();
        text += &format!(" stroke-dasharray=\"{}\"", dashes.join(" "));
    }
    if stroke.round {
        text += " stroke-linecap=\"round\" stroke-linejoin=\"round\"";
    }
    text
}

fn hex(Color(r, g, b): Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// `value` to a hundredth of a pixel, without needless zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            // No XML may hold these two.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
