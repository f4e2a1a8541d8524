//! Scopes, programs, and the readers' entry points.

use rustc_hash::FxHashMap;

use super::code::{Code, Declared, DeclaredDim};
use super::elab::elaborate;
use super::infix::Parser;
use crate::expr::Expr;
use crate::sexp::{ReadError, ReadErrorKind, Source, Span, quoted};
use crate::ty::{Dim, Shape, Sym, Ty};

/// What a text says.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// The declared inputs, in order.
    pub inputs: Vec<Expr>,
    /// The definitions of this text, in order.
    pub lets: Vec<(String, Expr)>,
    /// The expressions that it ends with: one, or the elements of a list.
    pub results: Vec<Expr>,
}

/// The names that a text may use, and what it adds to them.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    names: FxHashMap<String, Expr>,
    /// Names of several expressions together.
    lists: FxHashMap<String, Vec<Expr>>,
    inputs: Vec<Expr>,
    /// Definitions, in order.
    defined: Vec<String>,
    /// Modules by the names that they were imported as; is it NumPy?
    modules: FxHashMap<String, bool>,
    /// Lengths that have names.
    lengths: FxHashMap<String, Dim>,
}

impl Scope {
    /// A scope with these inputs.
    pub fn new(inputs: &[Expr]) -> Scope {
        let mut scope = Scope::default();
        inputs.iter().for_each(|e| scope.add_input(e));
        scope
    }

    /// One more input, unless its name has a meaning already.
    pub fn add_input(&mut self, input: &Expr) {
        if let Some(name) = input.name()
            && !self.names.contains_key(name)
            && !self.lists.contains_key(name)
        {
            self.names.insert(name.into(), input.clone());
            self.inputs.push(input.clone());
            self.learn_lengths(input.ty());
        }
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.names.get(name)
    }

    /// The inputs, in the order of their declaration.
    pub fn inputs(&self) -> Vec<Expr> {
        self.inputs.clone()
    }

    /// Reads an infix text; what it declares and defines stays in the scope. It may end without an
    /// expression.
    ///
    /// # Errors
    /// As [`parse_infix`]. The scope keeps what stood before the error.
    pub fn read_infix(&mut self, source: &Source) -> Result<Program, ReadError> {
        let mut parser = Parser::new(source)?;
        parser.program(false)?;
        elaborate(source, &parser.out, self)
    }

    /// Reads one S-expression.
    ///
    /// # Errors
    /// As [`parse_sexp`].
    pub fn read_sexp(&mut self, form: crate::sexp::Form<'_>) -> Result<Program, ReadError> {
        let source = form.source();
        let postfix = super::form::postfix(form)?;
        elaborate(source, &postfix, self)
    }

    pub(super) fn length(&self, name: &str) -> Option<&Dim> {
        self.lengths.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        // In a fixed order: suggestions must not differ from run to run.
        self.inputs.iter().filter_map(Expr::name).chain(self.defined.iter().map(String::as_str))
    }

    pub(super) fn bind(&mut self, source: &Source, span: Span, e: Expr) -> Result<(), ReadError> {
        let name = self.new_name(source, span)?;
        // The first name of an expression is what it is called.
        if e.label().is_none() {
            let _ = e.named(name);
        }
        self.names.insert(name.into(), e);
        self.defined.push(name.into());
        Ok(())
    }

    /// Gives one name to several expressions, such as gradients by several variables.
    pub(super) fn bind_list(
        &mut self,
        source: &Source,
        span: Span,
        list: Vec<Expr>,
    ) -> Result<(), ReadError> {
        let name = self.new_name(source, span)?;
        self.lists.insert(name.into(), list);
        self.defined.push(name.into());
        Ok(())
    }

    /// The module of this name, if one was imported: is it NumPy?
    pub(super) fn module(&self, name: &str) -> Option<bool> {
        self.modules.get(name).copied()
    }

    pub(super) fn import(&mut self, source: &Source, span: Span, numpy: bool) -> Result<(), ReadError> {
        let name = self.new_name(source, span)?;
        self.modules.insert(name.into(), numpy);
        Ok(())
    }

    pub(super) fn list(&self, name: &str) -> Option<&[Expr]> {
        self.lists.get(name).map(Vec::as_slice)
    }

    fn new_name<'s>(&self, source: &'s Source, span: Span) -> Result<&'s str, ReadError> {
        let name = source.slice(span);
        if self.names.contains_key(name) || self.lists.contains_key(name) {
            let message = format!("{} has a meaning already; names are not reused", quoted(name));
            return Err(ReadError::new(ReadErrorKind::Name, source, span, message));
        }
        Ok(name)
    }

    pub(super) fn unbind(&mut self, n: usize) {
        for _ in 0..n {
            if let Some(name) = self.defined.pop() {
                self.lists.remove(&name);
                self.names.remove(&name);
            }
        }
    }

    pub(super) fn declare(
        &mut self,
        source: &Source,
        span: Span,
        declared: &Declared,
    ) -> Result<(), ReadError> {
        let name = source.slice(span);
        if self.lists.contains_key(name) {
            self.new_name(source, span)?;
        }
        let dims = declared.dims.iter().enumerate().map(|(axis, d)| match d {
            DeclaredDim::Known(n) => Dim::Known(*n),
            DeclaredDim::Named(s) => Dim::Sym(Sym::new(s, name, axis)),
            DeclaredDim::Unknown => Dim::Sym(Sym::anonymous(name, axis)),
        });
        let e = Expr::var(name, Ty::new(declared.dtype, Shape::new(dims)));
        match self.names.get(name) {
            Some(old) if old.name() == Some(name) && old.ty() == e.ty() => Ok(()),
            Some(old) => {
                let message =
                    format!("{} is declared as {}, but it is {} already", quoted(name), e.ty(), old.ty());
                Err(ReadError::new(ReadErrorKind::Name, source, span, message))
            }
            None => {
                self.learn_lengths(e.ty());
                self.names.insert(name.into(), e.clone());
                self.inputs.push(e);
                Ok(())
            }
        }
    }

    fn learn_lengths(&mut self, ty: &Ty) {
        for d in ty.shape.dims() {
            if let Dim::Sym(s) = d {
                self.lengths.entry(s.name().into()).or_insert_with(|| d.clone());
            }
        }
    }
}

/// Reads a program in infix notation: declarations, definitions, and the result in the last line.
///
/// ```
/// use egrad::{pp::pp, sexp::Source, text::parse_infix};
/// let p = parse_infix(&Source::text_only("x: dmatrix\ns = 1 / (1 + exp(-x))\nsum(s)"), &[])?;
/// assert_eq!(pp(&p.results[0]), "sum((1 / (1 + exp((-x)))))");
/// # Ok::<(), egrad::sexp::ReadError>(())
/// ```
///
/// # Errors
/// The text is not in the language, uses an unknown name, or an application is ill-typed.
pub fn parse_infix(source: &Source, inputs: &[Expr]) -> Result<Program, ReadError> {
    let mut parser = Parser::new(source)?;
    parser.program(true)?;
    elaborate(source, &parser.out, &mut Scope::new(inputs))
}

/// Reads declarations alone: lines such as `x, y: f64[3, n]` and `M: dmatrix`.
///
/// # Errors
/// A line is not a declaration, or a name is declared twice with different types.
pub fn parse_declarations(source: &Source) -> Result<Vec<Expr>, ReadError> {
    let mut scope = Scope::default();
    let mut parser = Parser::new(source)?;
    parser.program(false)?;
    for (code, span) in &parser.out.code {
        if !matches!(code, super::code::Code::Declare(_)) {
            return Err(ReadError::parse(source, *span, "only declarations can stand here: `x: f64[3, n]`"));
        }
    }
    elaborate(source, &parser.out, &mut scope)?;
    Ok(scope.inputs)
}

/// Reads a program that is one S-expression, such as `(let ((a (exp x))) (* a a))`.
///
/// # Errors
/// As [`parse_infix`].
pub fn parse_sexp(source: &Source, inputs: &[Expr]) -> Result<Program, ReadError> {
    let tree = crate::sexp::read(source)?;
    Scope::new(inputs).read_sexp(tree.single()?)
}

/// The names that a text uses without declaring or defining them, in the order of first use; none
/// for a text that cannot be read.
pub fn free_names(source: &Source) -> Vec<String> {
    let Ok(mut parser) = Parser::new(source) else { return Vec::new() };
    if parser.program(false).is_err() {
        return Vec::new();
    }
    let mut bound: Vec<&str> = Vec::new();
    let mut free: Vec<String> = Vec::new();
    for (code, span) in &parser.out.code {
        let name = source.slice(*span);
        match code {
            Code::Declare(_) => return Vec::new(),
            Code::Bind | Code::Import { .. } => bound.push(name),
            Code::Name | Code::Module => {
                let known = bound.contains(&name)
                    || crate::ty::DType::by_name(name).is_some()
                    || super::callee::is_callee(name)
                    || free.iter().any(|f| f == name);
                if !known {
                    free.push(name.to_string());
                }
            }
            _ => {}
        }
    }
    free
}
