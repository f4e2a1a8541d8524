//! What stands behind a point: names in modules, attributes, methods.
//!
//! `x.exp()` is `exp(x)`: a method is a function of what stands before the point. After
//! `import theano.tensor as T`, `T.exp(x)` is `exp(x)` too. NumPy's functions of numbers make constants when they are
//! read, imported or not: `np.ones(3)`, `np.sqrt(2)`.

use super::callee::is_callee;
use super::elab::Elaborator;
use super::numbers;
use super::value::{Item, Value};
use crate::expr::{Expr, Lit};
use crate::op::{Attr, Op, nearest};
use crate::sexp::{ReadError, ReadErrorKind, Span, quoted};
use crate::ty::DType;

/// What NumPy is called where it is imported.
const NUMPY: [&str; 2] = ["np", "numpy"];

/// What modules of functions of expressions are called where they are imported.
const MODULES: [&str; 13] =
    ["T", "tt", "pt", "theano", "pytensor", "aesara", "jnp", "jax", "torch", "sympy", "sp", "scipy", "math"];

/// Modules in them.
const INNER: [&str; 13] = [
    "linalg",
    "nlinalg",
    "slinalg",
    "tensor",
    "nnet",
    "nn",
    "numpy",
    "functional",
    "special",
    "extra_ops",
    "basic",
    "math",
    "gradient",
];

/// Attributes of an expression that are no functions.
const ATTRIBUTES: [&str; 6] = ["T", "shape", "size", "ndim", "dtype", "real"];

/// The function that a method is.
fn function(method: &str) -> &str {
    match method {
        "astype" => "cast",
        "set" => "set_subtensor",
        "inc" => "inc_subtensor",
        name => name,
    }
}

impl<'a> Elaborator<'a> {
    /// A name before a point: what it stands for, or the module.
    pub(super) fn module(&mut self, span: Span) -> Result<(), ReadError> {
        let name = self.source.slice(span);
        let known = self.scope.get(name).is_some() || self.scope.list(name).is_some();
        let value = match self.scope.module(name) {
            _ if known => self.name(span)?,
            Some(numpy) => Value::Module { numpy, imported: true },
            None if NUMPY.contains(&name) => Value::Module { numpy: true, imported: false },
            None if MODULES.contains(&name) => {
                let message = format!(
                    "unknown name {}; a module is imported first: `import PACKAGE as {name}`",
                    quoted(name)
                );
                return Err(self.error(ReadErrorKind::Name, span, message));
            }
            None => self.name(span)?,
        };
        self.push(value, span);
        Ok(())
    }

    /// `x.size`, `np.pi`.
    pub(super) fn member(&mut self, span: Span) -> Result<(), ReadError> {
        let name = self.source.slice(span);
        let item = self.pop(span)?;
        if let Value::Module { numpy, imported } = item.value {
            let value = match (name, DType::by_name(name)) {
                ("pi", _) => Value::Expr(Expr::lit(Lit::Float(std::f64::consts::PI))),
                ("e", _) => Value::Expr(Expr::lit(Lit::Float(std::f64::consts::E))),
                ("inf", _) => Value::Expr(Expr::lit(Lit::Float(f64::INFINITY))),
                ("nan", _) => Value::Expr(Expr::lit(Lit::Float(f64::NAN))),
                ("newaxis", _) => Value::Nothing,
                (_, Some(d)) => Value::DType(d),
                _ if INNER.contains(&name) => Value::Module { numpy, imported },
                _ if is_callee(name) => {
                    let message = format!("`{name}` is a function: write `{name}(...)`");
                    return Err(self.error(ReadErrorKind::Parse, span, message));
                }
                _ => {
                    let known = INNER.into_iter().chain(["pi", "e", "inf", "nan"]);
                    let message = format!("the module has no {}", quoted(name));
                    return Err(self.error(ReadErrorKind::Name, span, message).suggest(nearest(name, known)));
                }
            };
            self.push(value, span);
            return Ok(());
        }
        let x = super::apply::expr(self.source, item)?;
        let value = match name {
            "shape" => Value::Expr(self.apply(Op::ShapeOf, Attr::None, vec![x], span)?),
            "size" => {
                let lengths = (0..x.rank()).map(|a| x.length(a));
                Value::Expr(lengths.reduce(|a, b| a * b).unwrap_or_else(|| Expr::lit(Lit::Int(1))))
            }
            "ndim" => Value::Expr(Expr::lit(Lit::Int(i64::try_from(x.rank()).unwrap_or(i64::MAX)))),
            "dtype" => Value::DType(x.ty().dtype),
            "real" => Value::Expr(x),
            _ if is_callee(function(name)) => {
                let message = format!("`{name}` is a function: write `.{name}(...)`");
                return Err(self.error(ReadErrorKind::Parse, span, message));
            }
            _ => {
                let message = format!("an expression has no attribute {}", quoted(name));
                return Err(self
                    .error(ReadErrorKind::Name, span, message)
                    .suggest(nearest(name, ATTRIBUTES)));
            }
        };
        self.push(value, span);
        Ok(())
    }

    /// `x.sum(axis=0)`, `np.array([1., 2.])`.
    pub(super) fn method(&mut self, n: u32, braces: Option<u32>, span: Span) -> Result<(), ReadError> {
        let name = self.source.slice(span);
        let mut items = self.pop_many(n);
        let Some(Item { value: Value::Module { numpy, imported }, .. }) = items.first() else {
            self.call_items(items, braces, function(name), span)?;
            self.unconverted(function(name));
            return Ok(());
        };
        let (numpy, imported) = (*numpy, *imported);
        // Theano's `inv` is of every element; that of a matrix is in modules of linear algebra.
        let module = self.source.slice(items.remove(0).span);
        let name = if name == "inv" && !module.ends_with("linalg") { "reciprocal" } else { name };
        if let Some(make) = numbers::numpy(name).filter(|_| numpy) {
            let args = self.args(items, name, span)?;
            let value = make(args)?;
            self.push(value, span);
            return Ok(());
        }
        if !imported && !items.iter().all(|i| i.value.as_expr().is_some_and(|e| e.literal().is_some())) {
            let message = format!(
                "NumPy's functions take numbers: write `{name}(...)`, or begin with `import numpy as np`"
            );
            return Err(self.error(ReadErrorKind::Name, span, message));
        }
        self.call_items(items, braces, name, span)?;
        self.unconverted(name);
        // What it computes from numbers alone is a number.
        if let Some(Item { value: Value::Expr(e), .. }) = self.stack.last_mut()
            && let Some(l) = numbers::number(e).filter(|_| numpy)
        {
            *e = Expr::lit(l);
        }
        Ok(())
    }

    /// What has the type that it is to be converted to stays, as in Theano. A literal has a type only so far as
    /// nothing else says one.
    fn unconverted(&mut self, name: &str) {
        if let (Some(Item { value: Value::Expr(e), .. }), "cast") = (self.stack.last_mut(), name)
            && e.op() == Some(Op::Cast)
            && e.arg(0).ty() == e.ty()
            && e.arg(0).literal().is_none()
        {
            *e = e.arg(0).clone();
        }
    }
}
