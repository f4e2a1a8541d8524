//! What is wrong with a text, and where.

use std::fmt;

use super::source::{Position, Source, Span};

/// The class of a [`ReadError`]; [`ReadErrorKind::word`] is the word for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The text is not in the language.
    Parse,
    /// A name is unknown, or bound twice.
    Name,
    /// Element types do not fit.
    Type,
    /// Shapes do not fit.
    Shape,
    /// A wrong number of operands, or an option that the operator does not take.
    Arity,
    /// A position lies outside an axis.
    Index,
    /// The text is larger than what is read.
    Limit,
    /// A number is out of range.
    Value,
}

impl ReadErrorKind {
    /// One word: `parse`, `name`, `type`, `shape`, `arity`, `index`, `limit` or `value`.
    pub fn word(self) -> &'static str {
        match self {
            ReadErrorKind::Parse => "parse",
            ReadErrorKind::Name => "name",
            ReadErrorKind::Type => "type",
            ReadErrorKind::Shape => "shape",
            ReadErrorKind::Arity => "arity",
            ReadErrorKind::Index => "index",
            ReadErrorKind::Limit => "limit",
            ReadErrorKind::Value => "value",
        }
    }
}

/// An error of reading, with its place.
///
/// `Display` gives one line, [`ReadError::report`] adds the line of the text with a caret.
#[derive(Debug, Clone)]
pub struct ReadError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ReadErrorKind,
    source: String,
    position: Position,
    span: Span,
    excerpt: String,
    message: String,
    suggestion: Option<String>,
}

impl ReadError {
    /// An error at `span` of `source`.
    pub fn new(kind: ReadErrorKind, source: &Source, span: Span, message: impl Into<String>) -> ReadError {
        ReadError(Box::new(Inner {
            kind,
            source: source.name().into(),
            position: source.position(span.start),
            span,
            excerpt: source.excerpt(span),
            message: message.into(),
            suggestion: None,
        }))
    }

    /// A text that is not in the language.
    pub fn parse(source: &Source, span: Span, message: impl Into<String>) -> ReadError {
        ReadError::new(ReadErrorKind::Parse, source, span, message)
    }

    /// With a name that may have been meant.
    #[must_use]
    pub fn suggest(mut self, name: Option<&str>) -> ReadError {
        self.0.suggestion = name.map(Into::into);
        self
    }

    /// Its class.
    pub fn kind(&self) -> ReadErrorKind {
        self.0.kind
    }

    /// The name of the text.
    pub fn source_name(&self) -> &str {
        &self.0.source
    }

    /// Where it begins.
    pub fn position(&self) -> Position {
        self.0.position
    }

    /// The part of the text that is wrong.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// A name that may have been meant.
    pub fn suggestion(&self) -> Option<&str> {
        self.0.suggestion.as_deref()
    }

    /// The error with the line that it is about:
    ///
    /// ```text
    /// <text>:1:8: unexpected `)`
    ///   1 | sum(x +)
    ///     |        ^
    /// ```
    pub fn report(&self) -> String {
        format!("{self}\n{}", self.0.excerpt)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { source, position, message, suggestion, .. } = &*self.0;
        write!(f, "{source}:{position}: {message}")?;
        match suggestion {
            Some(s) => write!(f, "; did you mean `{s}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ReadError {}
