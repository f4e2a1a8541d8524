//! The readers: infix notation and S-expressions to typed expressions, and the way back.
//!
//! # The infix language
//!
//! ```text
//! x: f64[3, n]          # declarations: f64, float32, i64, bool, ...; dscalar, fmatrix, drow, ...
//! w, b: dvector         # several at once
//! h = tanh(x @ w + b)   # definitions, each name once
//! gw, gb = grad(sum(h), [w, b])
//! sum(h ** 2, axis=0)   # the result: an expression, or several: a, b
//! ```
//!
//! A method is a function of what stands before the point, `x.sum(axis=0)`; modules may be named
//! that a line imports: `import theano.tensor as T` and then `T.exp(x)`; NumPy's constants need no such line,
//! `v + np.array([1., 2.])`. `a if c else b` is `where(c, a, b)`; `& | ^ ~` are for truth values and bits of
//! integers; an index may hold `...`, `None`, integer expressions and slices
//! between integers that inputs and lengths tell, `v[i:n - 1]`. Numbers compute as in Python: `2**40` is a number,
//! but what stands in parentheses stays, `(2 - 1)`, as gradients are printed.
//!
//! Lines end at a line break outside of brackets, or at `;`. Operators are those of Python; `/` is
//! true division, comparisons give truth values. Every operator of the table can be called by its
//! name and aliases: `maximum(a, b)`, `where(c, a, b)`, `sum(x, axis=(0, 1), keepdims=True)`.
//!
//! What [`pp`](crate::pp::pp) prints is read too: `Sum{0}(M)`, `DimShuffle{0, x}(v)`, `|x|`, `A.T`,
//! `(a \dot b)`, `x.shape[0]`, `alloc(v, 2, (x.shape[0] + 1))`, `\alpha`. What follows is not in that
//! text, so reading it does not always give the same tree:
//!
//! - a sum or product of more than two operands, `(x * y * z)`, reads as in Python, from the left;
//! - `min(x)` is printed as Theano builds it, `(-MaxAndArgmax{axis=(0,)}((-x)))`, and reads as that; `argmax`
//!   prints as `max` does, since both are results of that class;
//! - the derivative of `prod` prints as Theano builds it, and what was read has no second derivative;
//! - leading new axes are not printed by [`pp`](crate::pp::pp), as in Theano, wherever they stand, nor is the
//!   axis of what `stack` joins: the value may be another. The let-form keeps them, and [`sexp`] says all.
//!
//! # S-expressions
//!
//! The same names, with `+ - * / ** < <= > >= == !=`: `(sum x :axis (0 1) :keepdims true)`,
//! `(reshape x (shape 2 -1))`, `(index x 0 (slice 1 none) newaxis)`, `(let ((a e) ...) body)`.
//! `(+ a b c)` is one sum of three operands; `(- a)` is the opposite; `(list a b)` gives two results.
//! Lengths are `(length x :axis 0)`, integers, and `(as_length k)`, with which sums and products are lengths too.

mod apply;
mod args;
mod beside;
mod call;
mod callee;
mod code;
mod common;
mod einsum;
mod elab;
mod form;
mod gradient;
mod index;
mod infix;
mod length;
mod linear;
mod member;
mod nets;
mod numbers;
mod operand;
mod others;
mod place;
mod program;
mod shapes;
mod split;
mod statement;
mod statistics;
mod sugar;
mod theano;
mod token;
mod value;
mod write;

pub use program::{Program, Scope, free_names, parse_declarations, parse_infix, parse_sexp};
pub use write::{Dialect, sexp, sexp_program};
