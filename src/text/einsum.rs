//! `einsum('ij,jk->ik', a, b)`: sums of products by letters of axes.

use super::args::Args;
use super::value::{Item, Value};
use crate::expr::{Expr, tensordot};
use crate::op::{Attr, Op};
use crate::sexp::{ReadError, ReadErrorKind};

/// Letters of the operands and of the result.
struct Letters {
    operands: Vec<Vec<char>>,
    result: Vec<char>,
}

/// Reads `ij,jk->ik`; without an arrow the result has the letters that stand once, sorted.
fn letters(text: &str) -> Option<Letters> {
    let text: String = text.chars().filter(|c| *c != ' ').collect();
    let (left, right) = match text.split_once("->") {
        Some((l, r)) => (l, Some(r)),
        None => (&text[..], None),
    };
    let all_letters = |s: &str| s.chars().all(|c| c.is_ascii_alphabetic());
    let operands: Vec<Vec<char>> = left.split(',').map(|s| s.chars().collect()).collect();
    if !left.split(',').chain(right).all(all_letters) {
        return None;
    }
    let occurs = |c: char| operands.iter().flatten().filter(|o| **o == c).count();
    let result: Vec<char> = match right {
        Some(r) => r.chars().collect(),
        None => ('A'..='z').filter(|c| occurs(*c) == 1).collect(),
    };
    let once = result.iter().enumerate().all(|(i, c)| !result[..i].contains(c) && occurs(*c) > 0);
    once.then_some(Letters { operands, result })
}

/// The call.
pub(super) fn einsum(mut args: Args<'_>) -> Result<Value, ReadError> {
    let Some(Item { value: Value::Word, span }) = args.items.first() else {
        return Err(args.error(ReadErrorKind::Arity, "`einsum` takes letters in quotes first: 'ij,jk->ik'"));
    };
    let span = *span;
    let first = args.items.remove(0);
    let mut operands = args.operands(usize::MAX)?;
    args.done()?;
    let Some(mut letters) = letters(args.source.slice(span)) else {
        let message = "letters of axes are expected here, as in 'ij,jk->ik', each once behind the arrow";
        return Err(args.error_at(ReadErrorKind::Parse, &first, message));
    };
    if letters.operands.len() != operands.len() {
        let message = format!("there are letters for {} operands", letters.operands.len());
        return Err(args.error_at(ReadErrorKind::Arity, &first, message));
    }
    for (x, own) in operands.iter_mut().zip(&mut letters.operands) {
        if x.rank() != own.len() {
            let text: String = own.iter().collect();
            let message = format!("`{text}` stands for {}", x.ty());
            return Err(args.error_at(ReadErrorKind::Shape, &first, message));
        }
        if let [a, b] = own[..]
            && a == b
        {
            *x = args.apply(Op::Diagonal, Attr::None, vec![x.clone()])?;
            own.pop();
        }
        if (1..own.len()).any(|i| own[..i].contains(&own[i])) {
            let message = "a letter stands twice in an operand only where that is a matrix";
            return Err(args.error_at(ReadErrorKind::Shape, &first, message));
        }
    }
    if let Some(e) = contraction(&args, &operands, &letters)? {
        return Ok(Value::Expr(e));
    }
    product(&args, operands, &letters).map(Value::Expr)
}

/// Two operands that share exactly the letters that go: a product of matrices.
fn contraction(args: &Args<'_>, x: &[Expr], letters: &Letters) -> Result<Option<Expr>, ReadError> {
    let ([x, y], [a, b]) = (x, &letters.operands[..]) else { return Ok(None) };
    let gone = |c: &char| !letters.result.contains(c);
    let shared: Vec<char> = a.iter().copied().filter(|c| b.contains(c)).collect();
    if shared.is_empty()
        || !shared.iter().all(gone)
        || a.iter().chain(b).any(|c| gone(c) && !shared.contains(c))
    {
        return Ok(None);
    }
    let place = |of: &[char], c: &char| of.iter().position(|o| o == c).and_then(|i| i64::try_from(i).ok());
    let axes = |of: &[char]| shared.iter().filter_map(|c| place(of, c)).collect::<Vec<i64>>();
    let made = args.fitting(tensordot(x, y, &axes(a), &axes(b)))?;
    let kept: Vec<char> = a.iter().chain(b).copied().filter(|c| !shared.contains(c)).collect();
    if kept == letters.result {
        return Ok(Some(made));
    }
    let order = letters.result.iter().map(|c| kept.iter().position(|k| k == c));
    args.apply(Op::Dimshuffle, Attr::Perm(order.collect()), vec![made]).map(Some)
}

/// Every operand with an axis for each letter, multiplied, summed over those that go.
fn product(args: &Args<'_>, x: Vec<Expr>, letters: &Letters) -> Result<Expr, ReadError> {
    let mut all = letters.result.clone();
    for c in letters.operands.iter().flatten() {
        if !all.contains(c) {
            all.push(*c);
        }
    }
    let mut factors = x.into_iter().zip(&letters.operands).map(|(x, own)| {
        let order: Vec<Option<usize>> = all.iter().map(|c| own.iter().position(|o| o == c)).collect();
        args.apply(Op::Dimshuffle, Attr::Perm(order), vec![x])
    });
    let first =
        factors.next().unwrap_or_else(|| Err(args.error(ReadErrorKind::Arity, "`einsum` of nothing")))?;
    let whole = factors.try_fold(first, |p, f| args.elementwise(Op::Mul, vec![p, f?]))?;
    let gone: Vec<usize> = (letters.result.len()..all.len()).collect();
    if gone.is_empty() { Ok(whole) } else { args.apply(Op::Sum, Attr::Axes(gone), vec![whole]) }
}
