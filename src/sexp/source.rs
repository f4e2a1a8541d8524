//! A text with a name; places in it and how they are shown.

use std::sync::Arc;

/// The longest text that is read.
pub const MAX_BYTES: usize = 1 << 30;

/// The longest piece of the user's text that a message repeats, in characters.
const QUOTE: usize = 40;

/// How many characters of a long line are shown before and after the caret.
const BEFORE: usize = 48;
const AFTER: usize = 28;

/// A text together with the name that messages give it: a file name, or `<text>`.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    /// What is read.
    text: Arc<str>,
    /// What messages show: the same bytes, or more of them where a part is read.
    whole: Arc<str>,
    /// The number of the first line.
    line: usize,
}

/// A part of a [`Source`], in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place as people count it: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Span {
    /// From byte `start` to before byte `end`; what does not fit in 32 bits is cut
    /// ([`MAX_BYTES`] is far below).
    pub fn new(start: usize, end: usize) -> Span {
        let cut = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { start: cut(start), end: cut(end) }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The bytes as a range.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Source {
    /// A text called `name` in messages.
    pub fn new(name: &str, text: &str) -> Source {
        let text: Arc<str> = text.into();
        Source { name: name.into(), text: text.clone(), whole: text, line: 1 }
    }

    /// A part of a text that begins at a line of a file: only the part is read, and messages show it
    /// in its place.
    pub fn part(name: &str, line: usize, whole: &str, part: std::ops::Range<usize>) -> Source {
        let blank = |out: &mut String, s: &str| {
            for c in s.chars() {
                if c == '\n' { out.push('\n') } else { out.extend(std::iter::repeat_n(' ', c.len_utf8())) }
            }
        };
        let (start, end) = (part.start, part.end);
        let Some(inside) = whole.get(part) else { return Source::new(name, whole) };
        let mut text = String::with_capacity(whole.len());
        blank(&mut text, &whole[..start]);
        text.push_str(inside);
        blank(&mut text, &whole[end..]);
        Source { name: name.into(), text: text.into(), whole: whole.into(), line }
    }

    /// A text without a name of its own: `<text>`.
    pub fn text_only(text: &str) -> Source {
        Source::new("<text>", text)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name and its text.
    pub(crate) fn into_parts(self) -> (Arc<str>, Arc<str>) {
        (self.name, self.text)
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a part; empty when it is not one.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// Where the text ends, not counting blank space: the place of an unexpected end.
    pub fn end(&self) -> Span {
        let n = self.text.trim_end().len();
        Span::new(n, n)
    }

    /// Line and column of a byte.
    pub fn position(&self, offset: u32) -> Position {
        let before = self.before(offset);
        let line = before.bytes().filter(|b| *b == b'\n').count() + self.line;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        Position { line, column: before[start..].chars().count() + 1 }
    }

    fn before(&self, offset: u32) -> &str {
        let mut at = (offset as usize).min(self.whole.len());
        while !self.whole.is_char_boundary(at) {
            at -= 1;
        }
        &self.whole[..at]
    }

    /// The line of a part with carets under it; a long line is cut around them.
    ///
    /// ```
    /// use egrad::sexp::{Source, Span};
    /// let s = Source::text_only("sum(x +)");
    /// assert_eq!(s.excerpt(Span::new(7, 8)), "  1 | sum(x +)\n    |        ^");
    /// ```
    pub fn excerpt(&self, span: Span) -> String {
        let before = self.before(span.start);
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let tail = &self.whole[before.len()..];
        let rest = &tail[..tail.find('\n').unwrap_or(tail.len())];

        let kept: String = before[start..].chars().rev().take(BEFORE).collect();
        let cut_left = before.len() - start > kept.len();
        let left: String = kept.chars().rev().map(shown).collect();
        let right: String = rest.chars().take(AFTER).map(shown).collect();
        let cut_right = rest.chars().nth(AFTER).is_some();

        let marked = self.slice(span).chars().take_while(|c| *c != '\n').take(AFTER).count();
        let line = self.position(span.start).line.to_string();
        let gutter = " ".repeat(line.len());
        let (lead, trail) = (if cut_left { "..." } else { "" }, if cut_right { "..." } else { "" });
        let pad = " ".repeat(lead.len() + left.chars().count());
        let text = format!("  {line} | {lead}{left}{right}{trail}");
        format!("{}\n  {gutter} | {pad}{}", text.trim_end(), "^".repeat(marked.max(1)))
    }
}

/// A character as a terminal may get it: no control and nothing that turns the direction of text.
fn shown(c: char) -> char {
    match c {
        '\t' | '\r' => ' ',
        c if c.is_control() || super::is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

/// A piece of the user's text in backquotes, shortened, safe for a terminal.
///
/// ```
/// use egrad::sexp::quoted;
/// assert_eq!(quoted("x"), "`x`");
/// assert_eq!(quoted(&"a".repeat(99)), format!("`{}...`", "a".repeat(40)));
/// ```
pub fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    out.extend(text.chars().take(QUOTE).map(shown));
    if text.chars().nth(QUOTE).is_some() {
        out.push_str("...");
    }
    out.push('`');
    out
}
