//! The tree of a text, in one arena: it is built, walked and dropped without recursion.

use super::error::{ReadError, ReadErrorKind};
use super::source::{Source, Span};

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Atom,
    /// A string that means what it says.
    Text,
    /// A string with escapes: its place in `Tree::decoded`.
    Decoded(u32),
    /// A list: a range of `Tree::children`.
    List {
        first: u32,
        end: u32,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// All forms of a text.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) source: Source,
    pub(super) nodes: Vec<Node>,
    /// The members of each list, together.
    pub(super) children: Vec<u32>,
    /// Strings with escapes.
    pub(super) decoded: Vec<Box<str>>,
    /// The forms at the top.
    pub(super) top: Vec<u32>,
}

/// One form: an atom, a string or a list.
#[derive(Debug, Clone, Copy)]
pub struct Form<'t> {
    tree: &'t Tree,
    id: u32,
}

/// The forms of a list or of a whole text, in order.
#[derive(Debug, Clone)]
pub struct Forms<'t> {
    tree: &'t Tree,
    ids: std::slice::Iter<'t, u32>,
}

impl Tree {
    /// The text that was read.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The forms at the top.
    pub fn forms(&self) -> Forms<'_> {
        Forms { tree: self, ids: self.top.iter() }
    }

    /// The form at the top, when there is exactly one.
    ///
    /// # Errors
    /// There is none, or a second one.
    pub fn single(&self) -> Result<Form<'_>, ReadError> {
        let mut forms = self.forms();
        let Some(first) = forms.next() else {
            return Err(ReadError::parse(&self.source, self.source.end(), "there is no expression"));
        };
        match forms.next() {
            None => Ok(first),
            Some(second) => Err(second.error("only one expression was expected")),
        }
    }
}

impl<'t> Form<'t> {
    fn node(self) -> &'t Node {
        &self.tree.nodes[self.id as usize]
    }

    /// Its number in the tree; forms inside a list have smaller numbers than the list.
    pub fn id(self) -> usize {
        self.id as usize
    }

    /// The text that it is part of.
    pub fn source(self) -> &'t Source {
        &self.tree.source
    }

    /// Its place.
    pub fn span(self) -> Span {
        self.node().span
    }

    /// Its text, as it was written.
    pub fn text(self) -> &'t str {
        self.tree.source.slice(self.span())
    }

    /// The text of an atom.
    pub fn atom(self) -> Option<&'t str> {
        matches!(self.node().kind, Kind::Atom).then(|| self.text())
    }

    /// The content of a string.
    pub fn string(self) -> Option<&'t str> {
        match self.node().kind {
            Kind::Text => {
                let inside = self.span().range();
                self.tree.source.text().get(inside.start + 1..inside.end - 1)
            }
            Kind::Decoded(at) => self.tree.decoded.get(at as usize).map(|s| &**s),
            Kind::Atom | Kind::List { .. } => None,
        }
    }

    /// The members of a list.
    pub fn list(self) -> Option<Forms<'t>> {
        match self.node().kind {
            Kind::List { first, end } => {
                Some(Forms { tree: self.tree, ids: self.tree.children[first as usize..end as usize].iter() })
            }
            _ => None,
        }
    }

    /// The members of a list whose first member is the atom `head`, without it.
    pub fn tagged(self, head: &str) -> Option<Forms<'t>> {
        let mut members = self.list()?;
        (members.next()?.atom()? == head).then_some(members)
    }

    /// An error of class `parse` at this form.
    pub fn error(self, message: impl Into<String>) -> ReadError {
        self.error_of(ReadErrorKind::Parse, message)
    }

    /// An error at this form.
    pub fn error_of(self, kind: ReadErrorKind, message: impl Into<String>) -> ReadError {
        ReadError::new(kind, &self.tree.source, self.span(), message)
    }
}

impl<'t> Iterator for Forms<'t> {
    type Item = Form<'t>;

    fn next(&mut self) -> Option<Form<'t>> {
        self.ids.next().map(|&id| Form { tree: self.tree, id })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ids.size_hint()
    }
}

impl DoubleEndedIterator for Forms<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.ids.next_back().map(|&id| Form { tree: self.tree, id })
    }
}

impl ExactSizeIterator for Forms<'_> {}
