//! The words of the infix language.

use crate::sexp::{MAX_BYTES, ReadError, ReadErrorKind, Source, Span, is_invisible, named_char, quoted};

/// Punctuation and operators. Which operator of the table a symbol stands for, its row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sym {
    Plus,
    Minus,
    Star,
    Slash,
    SlashSlash,
    Percent,
    StarStar,
    At,
    Amp,
    Caret,
    Tilde,
    Dot,
    Lt,
    Le,
    Gt,
    Ge,
    EqEq,
    Ne,
    Open,
    Close,
    OpenSquare,
    CloseSquare,
    OpenBrace,
    CloseBrace,
    Bar,
    Comma,
    Colon,
    Assign,
    Ellipsis,
    Point,
}

/// Longer symbols first.
const SYMBOLS: [(&str, Sym); 30] = [
    ("\\dot", Sym::Dot),
    ("...", Sym::Ellipsis),
    ("**", Sym::StarStar),
    ("//", Sym::SlashSlash),
    ("%", Sym::Percent),
    ("<=", Sym::Le),
    (">=", Sym::Ge),
    ("==", Sym::EqEq),
    ("!=", Sym::Ne),
    ("+", Sym::Plus),
    ("-", Sym::Minus),
    ("*", Sym::Star),
    ("/", Sym::Slash),
    ("@", Sym::At),
    ("&", Sym::Amp),
    ("^", Sym::Caret),
    ("~", Sym::Tilde),
    ("<", Sym::Lt),
    (">", Sym::Gt),
    ("(", Sym::Open),
    (")", Sym::Close),
    ("[", Sym::OpenSquare),
    ("]", Sym::CloseSquare),
    ("{", Sym::OpenBrace),
    ("}", Sym::CloseBrace),
    ("|", Sym::Bar),
    (",", Sym::Comma),
    (":", Sym::Colon),
    ("=", Sym::Assign),
    (".", Sym::Point),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number; its text is valid.
    Num,
    /// A name; the backslash of `\alpha` is not part of it.
    Name,
    Sym(Sym),
    /// A word in quotes, a fixed value of a keyword; the quotes are not part of it.
    Word,
    /// The end of a statement: a line break outside of brackets, or `;`.
    Break,
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// May a name begin with this?
fn begins_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit()
}

/// Is it a name of the language?
pub(super) fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(begins_name) && text.chars().all(continues_name)
}

/// The words of a text, with [`Kind::End`] last.
pub(super) fn tokens(source: &Source) -> Result<Vec<Token>, ReadError> {
    let text = source.text();
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(ReadError::new(ReadErrorKind::Limit, source, Span::default(), message));
    }
    let mut out: Vec<Token> = Vec::new();
    // Brackets that are open: inside of them a line break means nothing.
    let mut depth = 0usize;
    let bytes = text.as_bytes();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(&b) = bytes.get(at) {
        let start = at;
        let kind = match b {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                at = text[at..].find('\n').map_or(text.len(), |n| at + n);
                continue;
            }
            b'\n' | b';' => {
                at += 1;
                let again = out.last().is_none_or(|t| t.kind == Kind::Break);
                if again || b == b'\n' && depth > 0 {
                    continue;
                }
                Kind::Break
            }
            b'0'..=b'9' => {
                at = number(source, at)?;
                Kind::Num
            }
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                at = number(source, at)?;
                Kind::Num
            }
            b'\'' | b'"' if word_end(text, at).is_some() => {
                at = word_end(text, at).unwrap_or(at);
                out.push(Token { kind: Kind::Word, span: Span::new(start + 1, at - 1) });
                continue;
            }
            b'\\' if !dot_follows(&text[at..]) => {
                let name = name_end(text, at + 1);
                if !crate::pp::GREEK.contains(&&text[at + 1..name]) {
                    let message = "a backslash stands only in `\\dot` and before the Greek names of `pp`";
                    return Err(ReadError::parse(source, Span::new(at, name.max(at + 1)), message));
                }
                at = name;
                out.push(Token { kind: Kind::Name, span: Span::new(start + 1, at) });
                continue;
            }
            _ => match SYMBOLS.iter().find(|(s, _)| text[at..].starts_with(s)) {
                Some((s, sym)) => {
                    at += s.len();
                    match sym {
                        Sym::Open | Sym::OpenSquare | Sym::OpenBrace => depth += 1,
                        Sym::Close | Sym::CloseSquare | Sym::CloseBrace => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    Kind::Sym(*sym)
                }
                None => {
                    at = name_end(text, at);
                    if at == start {
                        return Err(unexpected_char(source, start));
                    }
                    Kind::Name
                }
            },
        };
        out.push(Token { kind, span: Span::new(start, at) });
    }
    if out.last().is_some_and(|t| t.kind == Kind::Break) {
        out.pop();
    }
    out.push(Token { kind: Kind::End, span: source.end() });
    Ok(out)
}

fn dot_follows(text: &str) -> bool {
    text.strip_prefix("\\dot").is_some_and(|rest| !rest.starts_with(continues_name))
}

/// Behind the quote that closes the word that one opens at `at`.
fn word_end(text: &str, at: usize) -> Option<usize> {
    let named = name_end(text, at + 1);
    // A name, or the letters of axes for `einsum`.
    let letter = |c: char| c.is_ascii_alphabetic() || matches!(c, ',' | ' ' | '-' | '>');
    let listed = |rest: &str| at + 1 + rest.find(|c| !letter(c)).unwrap_or(rest.len());
    let ends = |end: usize| text.as_bytes().get(end) == text.as_bytes().get(at);
    let end = if ends(named) { named } else { text.get(at + 1..).map_or(named, listed) };
    (end > at + 1 && text.as_bytes().get(end) == text.as_bytes().get(at)).then_some(end + 1)
}

/// The end of the name that begins at `at`; `at` itself when there is none.
fn name_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    if !rest.starts_with(begins_name) {
        return at;
    }
    at + rest.find(|c| !continues_name(c)).unwrap_or(rest.len())
}

fn unexpected_char(source: &Source, at: usize) -> ReadError {
    let c = source.text()[at..].chars().next().unwrap_or('\0');
    let hint = match c {
        '!' => "; the comparison is `!=`",
        '"' | '\'' => "; there are no strings",
        '\u{2212}' => "; the minus sign is `-`",
        _ => "",
    };
    let what = if is_invisible(c) || c.is_control() { "unexpected character" } else { "unexpected" };
    let message = format!("{what} {}{hint}", named_char(c));
    ReadError::parse(source, Span::new(at, at + c.len_utf8()), message)
}

/// The end of the number that begins at `at`.
fn number(source: &Source, at: usize) -> Result<usize, ReadError> {
    let text = source.text();
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(at);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    let mut whole = true;
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        whole = exponent > end + 1 + sign;
        if whole {
            end = exponent;
        }
    }
    // What is glued to a number makes it none: `2x`, `1..2`, `1__0`, `1.2.3`, `1e+`.
    let glued = |c: char| continues_name(c) || c == '.';
    if whole && !text[end..].starts_with(glued) {
        return Ok(end);
    }
    let mut stop = end + text[end..].find(|c| !glued(c)).unwrap_or(text.len() - end);
    if !whole && stop == end + 1 && matches!(bytes.get(stop), Some(b'+' | b'-')) {
        stop += 1;
    }
    let span = Span::new(at, stop);
    let tail = &text[end..stop];
    let hint = if whole && matches!(tail, "j" | "J") {
        "; there are no complex numbers".into()
    } else if whole && tail.starts_with(char::is_alphabetic) && is_name(tail) && tail.len() <= 8 {
        format!("; a product is written {}", quoted(&format!("{} * {tail}", &text[at..end])))
    } else {
        String::new()
    };
    let message = format!("{} is not a number{hint}", quoted(source.slice(span)));
    Err(ReadError::parse(source, span, message))
}
