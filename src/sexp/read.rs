//! Text to tree.

use super::error::{ReadError, ReadErrorKind};
use super::source::{MAX_BYTES, Source, Span, quoted};
use super::tree::{Kind, Node, Tree};

/// Reads all forms of a text.
///
/// An atom is any run of characters without blanks, `(`, `)`, `"` and `;`; a comment runs from `;` to
/// the end of the line; a string stands in double quotes and may contain `\"`, `\\`, `\n` and `\t`.
///
/// # Errors
/// A parenthesis or a string does not close, or a character belongs nowhere.
pub fn read(source: &Source) -> Result<Tree, ReadError> {
    let text = source.text();
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(ReadError::new(ReadErrorKind::Limit, source, Span::default(), message));
    }
    // Some four bytes to a form is what rules and programs have.
    let room = (text.len() / 4).min(1 << 14);
    let nodes = Vec::with_capacity(room);
    let mut tree = Tree {
        source: source.clone(),
        nodes,
        children: Vec::with_capacity(room),
        decoded: Vec::new(),
        top: Vec::new(),
    };
    // Members of the lists that are open, and for each of these its place and its first member.
    let mut pending: Vec<u32> = Vec::with_capacity(64);
    let mut open: Vec<(usize, usize)> = Vec::with_capacity(16);
    let bytes = text.as_bytes();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(&b) = bytes.get(at) {
        let start = at;
        let kind = match b {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b';' => {
                at = text[at..].find('\n').map_or(text.len(), |n| at + n);
                continue;
            }
            b'(' => {
                open.push((at, pending.len()));
                at += 1;
                continue;
            }
            b')' => {
                at += 1;
                let Some((from, mark)) = open.pop() else {
                    return Err(ReadError::parse(source, Span::new(start, at), "unexpected `)`"));
                };
                let first = small(tree.children.len());
                tree.children.extend_from_slice(&pending[mark..]);
                pending.truncate(mark);
                let kind = Kind::List { first, end: small(tree.children.len()) };
                add(&mut tree, &mut pending, kind, Span::new(from, at));
                continue;
            }
            b'"' => {
                let (content, end) = string(source, at)?;
                at = end;
                match content {
                    None => Kind::Text,
                    Some(content) => {
                        tree.decoded.push(content);
                        Kind::Decoded(small(tree.decoded.len() - 1))
                    }
                }
            }
            _ => {
                at = atom(source, at)?;
                Kind::Atom
            }
        };
        if let Some(&next) = bytes.get(at)
            && (next == b'"'
                || bytes[start] == b'"' && !(next.is_ascii_whitespace() || b"();".contains(&next)))
        {
            return Err(ReadError::parse(source, Span::new(at, at + 1), "a string must stand apart"));
        }
        add(&mut tree, &mut pending, kind, Span::new(start, at));
    }
    if let Some((from, _)) = open.pop() {
        return Err(ReadError::parse(source, Span::new(from, from + 1), "this `(` is never closed"));
    }
    tree.top = pending;
    Ok(tree)
}

fn add(tree: &mut Tree, pending: &mut Vec<u32>, kind: Kind, span: Span) {
    pending.push(small(tree.nodes.len()));
    tree.nodes.push(Node { kind, span });
}

/// At most one node per byte, and `MAX_BYTES` fits.
fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Bytes of which an atom may be made as they stand.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut b = b'!';
    while b <= b'~' {
        plain[b as usize] = !matches!(b, b'(' | b')' | b'"' | b';');
        b += 1;
    }
    plain
};

/// The end of the atom that begins at `at`.
fn atom(source: &Source, at: usize) -> Result<usize, ReadError> {
    let rest = &source.text()[at..];
    // Nearly all are plain letters and signs.
    let bytes = rest.as_bytes();
    let plain = bytes.iter().position(|&b| !PLAIN[usize::from(b)]).unwrap_or(rest.len());
    let next = bytes.get(plain).copied().unwrap_or(b' ');
    if !matches!(bytes.first(), Some(b'\'' | b'`'))
        && (next.is_ascii_graphic() || matches!(next, b' ' | b'\t' | b'\n' | b'\r'))
    {
        return Ok(at + plain);
    }
    for (i, c) in rest.char_indices() {
        match c {
            ' ' | '\t' | '\n' | '\r' | '(' | ')' | '"' | ';' => return Ok(at + i),
            '\'' | '`' if i == 0 => {
                let message = format!("unexpected {}: nothing is quoted here", named_char(c));
                return Err(ReadError::parse(source, Span::new(at, at + 1), message));
            }
            c if c.is_control() || is_invisible(c) => {
                let span = Span::new(at + i, at + i + c.len_utf8());
                let message = format!("unexpected character {}", named_char(c));
                return Err(ReadError::parse(source, span, message));
            }
            _ => {}
        }
    }
    Ok(source.text().len())
}

/// The content of the string whose quote is at `at`, where it is not what stands between the quotes, and its end.
fn string(source: &Source, at: usize) -> Result<(Option<Box<str>>, usize), ReadError> {
    // Few have escapes.
    let rest = &source.text()[at + 1..];
    if let Some(n) = rest.bytes().position(|b| matches!(b, b'"' | b'\\'))
        && rest.as_bytes()[n] == b'"'
    {
        return Ok((None, at + n + 2));
    }
    let mut out = String::new();
    let mut chars = source.text()[at..].char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((Some(out.into()), at + i + 1)),
            '\\' => match chars.next() {
                Some((_, '"')) => out.push('"'),
                Some((_, '\\')) => out.push('\\'),
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((j, other)) => {
                    let span = Span::new(at + i, at + j + other.len_utf8());
                    let what = quoted(source.slice(span));
                    let message = format!("unknown escape {what}; known are `\\\"`, `\\\\`, `\\n`, `\\t`");
                    return Err(ReadError::parse(source, span, message));
                }
                None => break,
            },
            c => out.push(c),
        }
    }
    Err(ReadError::parse(source, Span::new(at, at + 1), "this string is never closed"))
}

/// Is it a character that nobody sees, or that changes how others are seen?
pub(crate) fn is_invisible(c: char) -> bool {
    !c.is_ascii()
        && (c.is_whitespace()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'))
}

/// A character for a message: itself where it can be seen, with its number where that helps.
pub(crate) fn named_char(c: char) -> String {
    if c.is_ascii_graphic() {
        format!("`{c}`")
    } else if c.is_alphanumeric() {
        format!("`{c}` (U+{:04X})", u32::from(c))
    } else {
        format!("U+{:04X}", u32::from(c))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, Source};
    use super::read;

    fn tree_text(f: Form<'_>) -> String {
        match (f.atom(), f.string(), f.list()) {
            (Some(a), ..) => a.into(),
            (_, Some(s), _) => format!("{s:?}"),
            (_, _, Some(l)) => format!("[{}]", l.map(tree_text).collect::<Vec<_>>().join(" ")),
            _ => String::new(),
        }
    }

    fn all(text: &str) -> String {
        match read(&Source::text_only(text)) {
            Ok(t) => t.forms().map(tree_text).collect::<Vec<_>>().join(" "),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn reads_what_it_should() {
        assert_eq!(all("(a ; c\nb)\n; d"), "[a b]");
        assert_eq!(all("(a\tb)(c () \"x\\\"y\") 1.5 ?x"), "[a b] [c [] \"x\\\"y\"] 1.5 ?x");
        assert_eq!(all("\u{feff}(é)"), "[é]");
        assert_eq!(all(""), "");
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        assert_eq!(all("(a))"), "<text>:1:4: unexpected `)`");
        assert_eq!(all("é (a\n (b)"), "<text>:1:3: this `(` is never closed");
        assert_eq!(all("(a \"b)\n"), "<text>:1:4: this string is never closed");
        assert_eq!(
            all("\"a\\q\""),
            "<text>:1:3: unknown escape `\\q`; known are `\\\"`, `\\\\`, `\\n`, `\\t`"
        );
        assert_eq!(all("a\"b\""), "<text>:1:2: a string must stand apart");
        assert_eq!(all("\"b\"a"), "<text>:1:4: a string must stand apart");
        assert_eq!(all("x\u{202e}"), "<text>:1:2: unexpected character U+202E");
        assert_eq!(all("'(a)"), "<text>:1:1: unexpected `'`: nothing is quoted here");
    }

    #[test]
    fn deep_and_long_texts_are_read() {
        let n = 300_000;
        let text = "(neg ".repeat(n) + "x" + &")".repeat(n);
        let small = std::thread::Builder::new().stack_size(1 << 18);
        let depth = small.spawn(move || {
            let tree = read(&Source::text_only(&text)).unwrap();
            let mut form = tree.single().unwrap();
            let mut depth = 0;
            while let Some(mut l) = form.tagged("neg") {
                form = l.next().unwrap();
                depth += 1;
            }
            depth
        });
        assert_eq!(depth.unwrap().join().unwrap(), n);
    }

    #[test]
    fn long_lines_are_cut() {
        let text = "x ".repeat(1_000_000) + ")" + &" y".repeat(1_000_000);
        let e = read(&Source::text_only(&text)).unwrap_err();
        assert!(e.report().len() < 300);
        assert!(e.report().starts_with("<text>:1:2000001: unexpected `)`\n  1 | ...x x"));
    }
}
