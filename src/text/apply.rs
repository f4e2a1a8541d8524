//! Applications with a place in the text.

use super::program::Scope;
use super::value::{Item, Value};
use crate::expr::{Expr, Head, Lit, TypeError};
use crate::op::{Attr, Op, Role};
use crate::sexp::{ReadError, ReadErrorKind, Source, Span};

/// The expression that a value is.
pub(super) fn expr(source: &Source, item: Item) -> Result<Expr, ReadError> {
    match item.value {
        Value::Expr(e) => Ok(e),
        Value::View(v) => Ok(v.shuffled),
        // Expressions in brackets, where one is expected, are an array.
        Value::List(items) if !items.is_empty() && items.iter().all(|i| i.value.as_expr().is_some()) => {
            let parts: Vec<Expr> = items.iter().filter_map(|i| i.value.as_expr().cloned()).collect();
            let numbers: Option<Vec<Lit>> = parts.iter().map(Expr::literal).collect();
            if let Some(numbers) = numbers {
                let made = crate::expr::try_constant(&numbers, &[numbers.len()]);
                return made.map_err(|e| type_error(source, item.span, &e));
            }
            crate::expr::try_stack(&parts, 0).map_err(|e| type_error(source, item.span, &e))
        }
        Value::Word => {
            let message = "a word in quotes is the value of a keyword; there are no strings";
            Err(ReadError::parse(source, item.span, message))
        }
        other => {
            let message = format!("{} stands where an expression is expected", other.noun());
            Err(ReadError::parse(source, item.span, message))
        }
    }
}

/// `op` applied; a type error gets the place `span`.
pub(super) fn apply(
    source: &Source,
    span: Span,
    op: Op,
    attr: Attr,
    args: Vec<Expr>,
) -> Result<Expr, ReadError> {
    Expr::try_apply(op, attr, args).map_err(|e| type_error(source, span, &e))
}

pub(super) fn type_error(source: &Source, span: Span, e: &TypeError) -> ReadError {
    let kind = match e.class() {
        "arity" => ReadErrorKind::Arity,
        "index" => ReadErrorKind::Index,
        "limit" => ReadErrorKind::Limit,
        "type" => ReadErrorKind::Type,
        _ => ReadErrorKind::Shape,
    };
    ReadError::new(kind, source, span, e.to_string())
}

/// An operator without attribute, applied. Leading new axes of an operand that broadcasting supplies
/// anyway are left to it: `pp` does not print them, so the text says the same with and without. One
/// that has a name stays.
pub(super) fn apply_broadcast(
    source: &Source,
    span: Span,
    scope: &Scope,
    op: Op,
    mut operands: Vec<Expr>,
) -> Result<Expr, ReadError> {
    if op.def().role == Role::Elementwise && operands.len() > 1 {
        let full = operands.iter().filter(|e| leading(e).is_none()).map(Expr::rank).max().unwrap_or(0);
        for e in &mut operands {
            if e.rank() <= full
                && !scope.is_named(e)
                && let Some(rest) = leading(e)
            {
                let x = e.arg(0).clone();
                let identity = rest.len() == x.rank() && rest.iter().enumerate().all(|(i, p)| *p == Some(i));
                *e = if identity {
                    x
                } else {
                    apply(source, span, Op::Dimshuffle, Attr::Perm(rest), vec![x])?
                };
            }
        }
    }
    apply(source, span, op, Attr::None, operands)
}

/// The order of a dimshuffle without its leading new axes, when it has some. A literal keeps them:
/// bare, it would adapt its type to its neighbours.
fn leading(e: &Expr) -> Option<Vec<Option<usize>>> {
    let Head::Op(Op::Dimshuffle, Attr::Perm(perm)) = e.head() else { return None };
    if e.arg(0).literal().is_some() {
        return None;
    }
    let lead = perm.iter().take_while(|p| p.is_none()).count();
    (lead > 0).then(|| perm[lead..].to_vec())
}
