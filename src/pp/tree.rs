//! The text of one expression as a tree.

use rustc_hash::FxHashMap;

use crate::expr::{Expr, Head, shown_name, topological};
use crate::op::{
    Attr, Op, Piece, Role, Spelling, bare_column, bare_row, counts_leading_axes, is_stack, join_spelled,
    without_leading_axes,
};

/// The five names that Theano prints as symbols.
pub(crate) const GREEK: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

/// The classic text of an expression, as Theano 0.3.1's `pp` prints it.
///
/// It is the text of a tree: a shared node is printed at each use, so the text of a graph with
/// sharing can be exponentially long. [`let_form`](super::let_form) is always linear. Reading it back
/// gives the expression, but where Theano prints two things the same: the two results of
/// `MaxAndArgmax`, the parts of a `Split`, and singles that are not short as doubles.
pub fn pp(e: &Expr) -> String {
    print(e, Spelling::Classic)
}

/// The text of an expression in either spelling.
pub fn print(e: &Expr, spelling: Spelling) -> String {
    let mut out = String::new();
    write_tree(e, spelling, &|_| None, true, &mut out);
    out
}

enum Step {
    Text(std::borrow::Cow<'static, str>),
    /// Are leading new axes implied, and is it the transpose of a row that is printed bare?
    Node {
        e: Expr,
        implicit: bool,
        column: bool,
    },
}

/// Writes `e`; nodes for which `name` gives a name are not entered (except `e` itself). Of a
/// `whole` text the leading new axes are not printed.
pub(super) fn write_tree(
    e: &Expr,
    spelling: Spelling,
    name: &dyn Fn(&Expr) -> Option<String>,
    whole: bool,
    out: &mut String,
) {
    let mut stack = vec![Step::Node { e: e.clone(), implicit: whole, column: false }];
    let mut root = true;
    while let Some(step) = stack.pop() {
        let (e, implicit, column) = match step {
            Step::Text(t) => {
                out.push_str(&t);
                continue;
            }
            Step::Node { e, implicit, column } => (e, implicit, column),
        };
        if !root && let Some(n) = name(&e) {
            out.push_str(&n);
            continue;
        }
        // A line `t0 = [x, y]` would read as two expressions.
        let spelled = root && !whole;
        root = false;
        match e.head() {
            Head::Var(n) => out.push_str(&variable(n, spelling)),
            Head::Lit(l) if spelling == Spelling::Classic => out.push_str(&l.classic()),
            Head::Lit(l) => out.push_str(&l.to_string()),
            Head::Op(op, _) => {
                let stack_of = *op == Op::Join && spelling == Spelling::Classic && is_stack(&e);
                let pieces =
                    if stack_of && spelled { join_spelled(&e) } else { pieces(*op, &e, spelling, implicit) };
                // Operands whose leading new axes broadcasting supplies, since another has them or, where
                // this one's own are implied, what stands around it.
                let full = match op.def().role {
                    Role::Elementwise => {
                        let own = if implicit && spelling == Spelling::Classic { lead(&e, DEPTH) } else { 0 };
                        let all = e.args().iter().filter(|a| own > 0 || lead(a, DEPTH) == 0).map(Expr::rank);
                        all.max().unwrap_or(0)
                    }
                    _ => 0,
                };
                for p in pieces.into_iter().rev() {
                    stack.push(match p {
                        Piece::Text(t) => Step::Text(t),
                        Piece::Inner(e) => Step::Node { e, implicit: false, column: false },
                        Piece::Arg(i) => Step::Node {
                            e: e.arg(i).clone(),
                            implicit: e.arg(i).rank() <= full
                                || i == 1 && *op == Op::Dot && bare_row(&e)
                                || stack_of && !spelled
                                || column
                                || counts_leading_axes(*op, &e),
                            column: i == 1 && *op == Op::Dot && bare_column(e.arg(1)),
                        },
                    });
                }
            }
        }
    }
}

/// How far leading new axes are looked for through elementwise operators.
const DEPTH: u32 = 4;

/// How many leading axes are new in it, not made by itself alone: those of a dimshuffle, and what all operands of
/// an elementwise operator have. Looks so deep.
fn lead(e: &Expr, depth: u32) -> usize {
    match e.head() {
        Head::Op(Op::Dimshuffle, Attr::Perm(perm)) if e.arg(0).literal().is_none() => {
            perm.iter().take_while(|p| p.is_none()).count()
        }
        Head::Op(op, _) if depth > 0 && op.def().role == Role::Elementwise => {
            let without = e.args().iter().map(|a| a.rank() - lead(a, depth - 1)).max();
            e.rank().saturating_sub(without.unwrap_or(e.rank()))
        }
        _ => 0,
    }
}

fn pieces(op: Op, e: &Expr, spelling: Spelling, implicit: bool) -> Vec<Piece> {
    let def = op.def();
    match spelling {
        Spelling::Plain => def.plain.pieces(def.name, e),
        Spelling::Classic => {
            let bare = if implicit && op == Op::Dimshuffle { without_leading_axes(e) } else { None };
            bare.unwrap_or_else(|| def.pp.pieces(def.name, e))
        }
    }
}

fn variable(name: &str, spelling: Spelling) -> String {
    if spelling == Spelling::Classic && GREEK.contains(&name) {
        format!("\\{name}")
    } else if spelling == Spelling::Classic {
        shown_name(name).to_string()
    } else {
        name.to_string()
    }
}

/// Length of the text of `e` as a tree, without making it; saturates.
pub fn tree_length(e: &Expr) -> usize {
    let mut length: FxHashMap<usize, usize> = FxHashMap::default();
    for n in topological(std::slice::from_ref(e)) {
        // Eight characters stand for an operator's own text: enough to decide between two forms.
        let own = match n.head() {
            Head::Var(v) => v.len(),
            Head::Lit(_) => 3,
            Head::Op(..) => 8,
        };
        let total = n.args().iter().fold(own, |t, a| t.saturating_add(length[&arg_id(a)]));
        length.insert(arg_id(&n), total);
    }
    length[&arg_id(e)]
}

fn arg_id(e: &Expr) -> usize {
    e.id()
}
