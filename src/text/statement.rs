//! Lines: declarations `x, y: f64[3, n]`, definitions `name = expression`, the result.

use super::callee::is_callee;
use super::code::{Code, Declared, DeclaredDim, count, named_constant};
use super::infix::Parser;
use super::token::{Kind, Sym, Token};
use crate::op::nearest;
use crate::sexp::{ReadError, ReadErrorKind, Span, quoted};
use crate::ty::DType;

/// Theano's letters for element types.
const PREFIXES: [(char, DType); 6] = [
    ('b', DType::I8),
    ('w', DType::I16),
    ('i', DType::I32),
    ('l', DType::I64),
    ('f', DType::F32),
    ('d', DType::F64),
];

/// Packages whose names of functions are known.
const PACKAGES: [&str; 9] =
    ["aesara", "jax", "math", "numpy", "pytensor", "scipy", "sympy", "theano", "torch"];

/// Theano's names of shapes; an axis that broadcasts has length 1.
const SHAPES: [(&str, &[bool]); 7] = [
    ("scalar", &[]),
    ("vector", &[false]),
    ("matrix", &[false, false]),
    ("row", &[true, false]),
    ("col", &[false, true]),
    ("tensor3", &[false; 3]),
    ("tensor4", &[false; 4]),
];

impl Parser<'_> {
    /// Reads all lines. With `needs_result` the last one must be an expression.
    pub(super) fn program(&mut self, needs_result: bool) -> Result<(), ReadError> {
        let mut lines = false;
        loop {
            while self.peek().kind == Kind::Break {
                self.next();
            }
            let t = self.peek();
            if t.kind == Kind::End {
                let message =
                    if lines { "the last line must be an expression" } else { "there is no expression" };
                return if needs_result {
                    Err(ReadError::parse(self.source, t.span, message))
                } else {
                    Ok(())
                };
            }
            lines = true;
            if t.kind == Kind::Name
                && matches!(self.text(t.span), "import" | "from")
                && self.peek_at(1).kind == Kind::Name
            {
                self.import()?;
            } else if t.kind == Kind::Name && self.names_then(Sym::Assign) {
                self.definition()?;
            } else if t.kind == Kind::Name && self.names_then(Sym::Colon) {
                self.declaration()?;
            } else {
                self.expressions()?;
                self.out.push(Code::Result, t.span);
                while self.peek().kind == Kind::Break {
                    self.next();
                }
                return match self.peek() {
                    t if t.kind == Kind::End => Ok(()),
                    t => {
                        Err(self
                            .unexpected(t, "the result was the line before; give that a name, `name = ...`"))
                    }
                };
            }
            if !matches!(self.peek().kind, Kind::Break | Kind::End) {
                return Err(self.unexpected(self.peek(), "the line should end here"));
            }
        }
    }

    /// `import numpy as np`, `import theano, theano.tensor as T`, `from theano import tensor as T`.
    fn import(&mut self) -> Result<(), ReadError> {
        let from = self.next();
        loop {
            self.import_one(from)?;
            if self.text(from.span) != "import" || !self.eat(Sym::Comma) {
                return Ok(());
            }
        }
    }

    fn import_one(&mut self, from: Token) -> Result<(), ReadError> {
        let (package, inner) = self.path()?;
        let root = self.text(package);
        if !PACKAGES.contains(&root) {
            let message = format!("unknown package {}; known: {}", quoted(root), PACKAGES.join(" "));
            let error = ReadError::new(ReadErrorKind::Name, self.source, package, message);
            return Err(error.suggest(nearest(root, PACKAGES)));
        }
        let numpy = root == "numpy" && inner.is_none();
        let mut name = package;
        if self.text(from.span) == "from" {
            let t = self.next();
            if t.kind != Kind::Name || self.text(t.span) != "import" {
                return Err(self.unexpected(t, "`from PACKAGE import NAME` stands here"));
            }
            name = self.path()?.0;
        }
        if self.peek().kind == Kind::Name && self.text(self.peek().span) == "as" {
            self.next();
            name = self.new_name()?;
        } else if is_callee(self.text(name)) {
            // A function has its name already.
            return Ok(());
        }
        self.out.push(Code::Import { numpy }, name);
        Ok(())
    }

    /// Names with points between them: the first, and the last of several.
    fn path(&mut self) -> Result<(Span, Option<Span>), ReadError> {
        let first = self.new_name()?;
        let mut last = None;
        while self.eat(Sym::Point) {
            last = Some(self.new_name()?);
        }
        Ok((first, last))
    }

    /// Do names and then this symbol stand here?
    fn names_then(&self, sym: Sym) -> bool {
        let mut ahead = 1;
        while self.is(ahead, Sym::Comma) && self.peek_at(ahead + 1).kind == Kind::Name {
            ahead += 2;
        }
        self.is(ahead, sym)
    }

    /// Expressions up to the end of the statement; several make a list.
    fn expressions(&mut self) -> Result<(), ReadError> {
        let start = self.peek().span;
        self.expression()?;
        let mut n = 1;
        while self.eat(Sym::Comma) {
            self.expression()?;
            n += 1;
        }
        if n > 1 {
            self.out.push(Code::List(n), start);
        }
        Ok(())
    }

    /// `name = expression`, or `a, b = list`.
    fn definition(&mut self) -> Result<(), ReadError> {
        let mut names = vec![self.new_name()?];
        while self.eat(Sym::Comma) {
            names.push(self.new_name()?);
        }
        self.next();
        self.expressions()?;
        if names.len() > 1 {
            self.out.push(Code::Unpack(count(names.len())), names[0].to(names[names.len() - 1]));
        }
        for name in names {
            self.out.push(Code::Bind, name);
        }
        Ok(())
    }

    /// The name that a line gives.
    fn new_name(&mut self) -> Result<Span, ReadError> {
        let t = self.next();
        let name = self.text(t.span);
        match t.kind {
            Kind::Name if named_constant(name).is_some() => {
                let message = format!("{} is a constant", quoted(name));
                Err(ReadError::new(ReadErrorKind::Name, self.source, t.span, message))
            }
            Kind::Name => Ok(t.span),
            _ => Err(self.unexpected(t, "a name is missing")),
        }
    }

    fn declaration(&mut self) -> Result<(), ReadError> {
        let mut names = vec![self.new_name()?];
        while self.eat(Sym::Comma) {
            names.push(self.new_name()?);
        }
        self.next();
        let declared = self.ty()?;
        let at = count(self.out.declared.len());
        self.out.declared.push(declared);
        for name in names {
            self.out.push(Code::Declare(at), name);
        }
        Ok(())
    }

    fn ty(&mut self) -> Result<Declared, ReadError> {
        let t = self.next();
        if t.kind != Kind::Name {
            return Err(self.unexpected(t, "a type is missing"));
        }
        let word = self.text(t.span);
        if let Some(d) = theano(word) {
            return Ok(d);
        }
        let Some(dtype) = DType::by_name(word) else {
            let known =
                DType::NAMES.iter().flat_map(|(_, s, l)| [*s, *l]).chain(["dscalar", "dvector", "dmatrix"]);
            return Err(ReadError::parse(self.source, t.span, format!("unknown type {}", quoted(word)))
                .suggest(crate::op::nearest(word, known)));
        };
        let mut dims = Vec::new();
        if self.eat(Sym::OpenSquare) {
            while !self.eat(Sym::CloseSquare) {
                dims.push(self.declared_dim()?);
                if !self.eat(Sym::Comma) && !self.is(0, Sym::CloseSquare) {
                    return Err(self.unexpected(self.peek(), "`,` or `]` is missing"));
                }
            }
        }
        Ok(Declared { dtype, dims })
    }

    /// A length: a number, a name, `_` for one without a name, or `x.0` as types print it.
    fn declared_dim(&mut self) -> Result<DeclaredDim, ReadError> {
        let t = self.peek();
        if t.kind != Kind::Name {
            let n = self.integer()?;
            return usize::try_from(n)
                .map(DeclaredDim::Known)
                .map_err(|_| self.unexpected(t, "a length cannot be negative"));
        }
        self.next();
        let axis = self.peek();
        let glued = axis.kind == Kind::Num && axis.span.start == t.span.end;
        if glued && self.text(axis.span)[1..].bytes().all(|b| b.is_ascii_digit()) {
            self.next();
            return Ok(DeclaredDim::Named(self.text(t.span.to(axis.span)).into()));
        }
        Ok(match self.text(t.span) {
            "_" => DeclaredDim::Unknown,
            name => DeclaredDim::Named(name.into()),
        })
    }
}

/// `dmatrix` and its siblings; `matrix` is of doubles.
fn theano(word: &str) -> Option<Declared> {
    let shape = |word: &str| SHAPES.iter().find(|(s, _)| *s == word);
    let of_letter = || {
        let letter = word.chars().next()?;
        let (_, dtype) = PREFIXES.iter().find(|(c, _)| *c == letter)?;
        Some((*dtype, shape(&word[letter.len_utf8()..])?))
    };
    let (dtype, (_, axes)) = shape(word).map(|s| (DType::F64, s)).or_else(of_letter)?;
    let dims = axes.iter().map(|one| if *one { DeclaredDim::Known(1) } else { DeclaredDim::Unknown });
    Some(Declared { dtype, dims: dims.collect() })
}
