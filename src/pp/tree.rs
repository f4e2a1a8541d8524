//! The text of one expression as a tree.

use rustc_hash::FxHashMap;

use crate::expr::{Expr, Head, shown_name, topological};
use crate::op::{Op, Piece, Spelling, for_eyes, unmistakable};

/// The five names that Theano prints as symbols.
pub(crate) const GREEK: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

/// The classic text of an expression, as Theano 0.3.1's `pp` prints it.
///
/// It is for eyes and for comparing with Theano. It is the text of a tree: a shared node is printed at
/// each use, so the text of a graph with sharing can be exponentially long. And as Theano's it says
/// less than the expression: leading new axes are left out wherever they stand (`join(0, v, u)` stacks
/// two vectors that `join(0, v, u)` also puts end to end), `[x, y]` is a vector or two results, the two
/// results of `MaxAndArgmax` and the parts of a `Split` print the same. What is to be read back is
/// written by [`let_form`](super::let_form), which is always linear and keeps every axis, or as an
/// S-expression.
pub fn pp(e: &Expr) -> String {
    print(e, Spelling::Classic)
}

/// The text of an expression in either spelling.
pub fn print(e: &Expr, spelling: Spelling) -> String {
    let mut out = String::new();
    write_tree(e, spelling, Purpose::Eyes, &|_| None, &mut out);
    out
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Theano's text: without leading new axes.
    Eyes,
    /// What is read back says every axis.
    Reading,
}

enum Step {
    Text(std::borrow::Cow<'static, str>),
    Node(Expr),
}

/// Writes `e`; nodes for which `name` gives a name are not entered (except `e` itself).
pub(super) fn write_tree(
    e: &Expr,
    spelling: Spelling,
    purpose: Purpose,
    name: &dyn Fn(&Expr) -> Option<String>,
    out: &mut String,
) {
    let mut stack = vec![Step::Node(e.clone())];
    let mut root = true;
    while let Some(step) = stack.pop() {
        let e = match step {
            Step::Text(t) => {
                out.push_str(&t);
                continue;
            }
            Step::Node(e) => e,
        };
        if !root && let Some(n) = name(&e) {
            out.push_str(&n);
            continue;
        }
        match e.head() {
            Head::Var(n) => out.push_str(&variable(n, spelling)),
            Head::Lit(l) if spelling == Spelling::Classic => out.push_str(&l.classic()),
            Head::Lit(l) => out.push_str(&l.to_string()),
            Head::Op(op, _) => {
                for p in pieces(*op, &e, spelling, purpose, root).into_iter().rev() {
                    stack.push(match p {
                        Piece::Text(t) => Step::Text(t),
                        Piece::Inner(e) => Step::Node(e),
                        Piece::Arg(i) => Step::Node(e.arg(i).clone()),
                    });
                }
            }
        }
        root = false;
    }
}

fn pieces(op: Op, e: &Expr, spelling: Spelling, purpose: Purpose, root: bool) -> Vec<Piece> {
    let def = op.def();
    let special = match (spelling, purpose) {
        (Spelling::Plain, _) => return def.plain.pieces(def.name, e),
        (Spelling::Classic, Purpose::Eyes) => for_eyes(e),
        (Spelling::Classic, Purpose::Reading) => unmistakable(e, root),
    };
    special.unwrap_or_else(|| def.pp.pieces(def.name, e))
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
