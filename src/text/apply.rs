//! Applications with a place in the text.

use super::value::{Item, Value};
use crate::expr::{Expr, Lit, TypeError};
use crate::op::{Attr, Op};
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
