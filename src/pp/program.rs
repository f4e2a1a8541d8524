//! Several expressions together: named parts, updates and outputs, a line each.

use rustc_hash::FxHashMap;

use super::tree::{Purpose, write_tree};
use crate::expr::{Expr, topological};
use crate::op::Spelling;

/// The text of a whole program, as Theano's `pp(inputs, outputs, updates)` lays it out: one line for
/// each part that was called something by [`Expr::named`], operands first; then what shared
/// variables become; then the outputs. In all of them a named part stands under its name. One output
/// is `return ...`, several are `name = ...` or `out[1] = ...`.
///
/// ```
/// use egrad::op::Spelling;
/// use egrad::pp::program;
/// use egrad::prelude::*;
/// let (x, y, w) = (dscalar("x"), dscalar("y"), dscalar("w"));
/// let s = (&x + &y).named("s");
/// assert_eq!(program(&[&s * &s * 2], &[], Spelling::Classic), ["s = (x + y)", "return ((s * s) * 2)"]);
/// let step = (w.clone(), &w - &x);
/// assert_eq!(program(&[&w * &x], &[step], Spelling::Classic), ["w <- (w - x)", "return (w * x)"]);
/// ```
pub fn program(outputs: &[Expr], updates: &[(Expr, Expr)], spelling: Spelling) -> Vec<String> {
    let roots: Vec<Expr> = outputs.iter().chain(updates.iter().map(|(_, to)| to)).cloned().collect();
    let called = |e: &Expr| if e.args().is_empty() { None } else { e.label().map(str::to_string) };
    let text = |e: &Expr| {
        let mut out = String::new();
        write_tree(e, spelling, Purpose::Eyes, &called, &mut out);
        out
    };
    let output: FxHashMap<usize, usize> =
        outputs.iter().enumerate().map(|(i, e)| (e.id(), i)).rev().collect();
    let mut lines = Vec::new();
    for e in topological(&roots) {
        if let Some(name) = called(&e).filter(|_| !output.contains_key(&e.id())) {
            lines.push(format!("{name} = {}", text(&e)));
        }
    }
    for (variable, to) in updates {
        let name = variable.name().unwrap_or("");
        let to = called(to).unwrap_or_else(|| text(to));
        lines.push(format!("{name} <- {to}"));
    }
    if let [only] = outputs {
        lines.push(format!("return {}", text(only)));
        return lines;
    }
    for (i, e) in outputs.iter().enumerate() {
        // What was an output before is called what it was called there.
        let first = output[&e.id()];
        let name = called(e).filter(|_| first == i).unwrap_or_else(|| format!("out[{i}]"));
        let again = if first == i { text(e) } else { called(e).unwrap_or_else(|| text(e)) };
        lines.push(format!("{name} = {again}"));
    }
    lines
}
