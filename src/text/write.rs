//! Expressions to S-expressions.

use std::borrow::Cow;

use super::length::Lengths;
use crate::expr::{Expr, Head, Lit};
use crate::op::{Attr, Bound, IndexItem, Op, Piece, Place, Pp};
use crate::pp::shared_form;

/// Which S-expressions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The table's own names; reading gives the same expression.
    Exact,
    /// For other programs: NumPy's names, two operands to a sum or product, axes moved by
    /// `transpose` and `index`, and operators that few programs know spelled by others. Reading gives
    /// the same value.
    Common,
}

/// The S-expression of an expression, as a tree: of a graph with sharing it can be exponentially
/// long. [`sexp_program`] never is.
pub fn sexp(e: &Expr, dialect: Dialect) -> String {
    let roots = in_dialect(std::slice::from_ref(e), dialect);
    Writer { dialect, lengths: Lengths::of(dialect) }.written(&roots[0], &|_| None)
}

/// `(let ((t0 ...) ...) body)`: shared and very deep parts get names. Several roots are a `list`.
pub fn sexp_program(roots: &[Expr], dialect: Dialect) -> String {
    program(roots, dialect, Lengths::of(dialect))
}

/// The same where lengths are written so.
pub(super) fn program(roots: &[Expr], dialect: Dialect, lengths: Lengths) -> String {
    let writer = Writer { dialect, lengths };
    let (lets, roots) = shared_form(&in_dialect(roots, dialect), &|e, name| writer.written(e, name));
    let body = match &roots[..] {
        [one] => one.clone(),
        many => format!("(list {})", many.join(" ")),
    };
    if lets.is_empty() {
        return body;
    }
    let lets: Vec<String> = lets.into_iter().map(|(n, text)| format!("({n} {text})")).collect();
    format!("(let ({}) {body})", lets.join("\n      "))
}

enum Step {
    Text(Cow<'static, str>),
    Node(Expr),
}

/// The roots, by operators that the dialect has.
fn in_dialect(roots: &[Expr], dialect: Dialect) -> Vec<Expr> {
    match dialect {
        Dialect::Exact => roots.to_vec(),
        Dialect::Common => super::common::common(roots),
    }
}

struct Writer {
    dialect: Dialect,
    lengths: Lengths,
}

impl Writer {
    /// Writes `e`; nodes for which `name` gives a name are not entered, except `e` itself.
    fn written(&self, e: &Expr, name: &dyn Fn(&Expr) -> Option<String>) -> String {
        let mut out = String::new();
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
            root = false;
            match e.head() {
                Head::Var(n) => out.push_str(n),
                Head::Lit(l) => out.push_str(&literal(*l, self.dialect)),
                Head::Op(op, attr) => {
                    for p in self.layout(*op, attr, &e).into_iter().rev() {
                        stack.push(match p {
                            Piece::Text(t) => Step::Text(t),
                            Piece::Inner(e) => Step::Node(e),
                            Piece::Arg(i) => Step::Node(e.arg(i).clone()),
                        });
                    }
                }
            }
        }
        out
    }

    fn layout(&self, op: Op, attr: &Attr, e: &Expr) -> Vec<Piece> {
        let name = spelled(op, self.dialect);
        let n = e.args().len();
        if self.dialect == Dialect::Common {
            match attr {
                Attr::None if n > 2 && matches!(op.def().plain, Pp::Infix(_)) => return nested(name, n),
                // One length may be left to the reader.
                Attr::Dims(dims) if dims.iter().filter(|d| d.known().is_none()).count() == 1 => {
                    let dims = dims.iter().map(|d| d.known().map_or(" -1".to_string(), |n| format!(" {n}")));
                    let tail = format!(" (shape{}))", dims.collect::<String>());
                    return vec![Piece::owned(format!("({name} ")), Piece::Arg(0), Piece::owned(tail)];
                }
                Attr::Perm(perm) => return moved(perm, e.arg(0).rank()),
                _ => {}
            }
        }
        let mut out = Vec::new();
        match attr {
            Attr::Index(items) if op == Op::Index => {
                out.extend([Piece::Text("(index ".into()), Piece::Arg(0), Piece::owned(index_text(items))]);
                return out;
            }
            Attr::Index(items) => {
                out.push(Piece::owned(format!("({name} (index ")));
                out.extend([Piece::Arg(0), Piece::owned(index_text(items))]);
                operands(1..n, &mut out);
            }
            Attr::Places(places) if op == Op::Places => {
                out.extend([Piece::Text("(index ".into()), Piece::Arg(0)]);
                entries(places, 1, &mut out);
            }
            Attr::Places(places) => {
                let name = if op == Op::SetPlaces { "set_subtensor" } else { "inc_subtensor" };
                out.extend([Piece::owned(format!("({name} (index ")), Piece::Arg(0)]);
                entries(places, 2, &mut out);
                out.extend([Piece::Text(") ".into()), Piece::Arg(1)]);
            }
            _ => {
                out.push(Piece::owned(format!("({name}")));
                operands(0..n, &mut out);
            }
        }
        // How many places there are follows from the operand.
        let attribute = if op == Op::Nonzero { String::new() } else { attribute(attr, self.lengths) };
        out.push(Piece::owned(attribute + ")"));
        out
    }
}

fn literal(l: Lit, dialect: Dialect) -> String {
    match (dialect, l) {
        (Dialect::Common, Lit::Bool(b)) => u8::from(b).to_string(),
        (Dialect::Common, Lit::Float(f64::INFINITY)) => "1e999".into(),
        (Dialect::Common, Lit::Float(f64::NEG_INFINITY)) => "-1e999".into(),
        (Dialect::Common, Lit::Float(x)) if x.is_nan() => "(- 1e999 1e999)".into(),
        _ => l.to_string(),
    }
}

/// The operator's name, as the dialect has it.
fn spelled(op: Op, dialect: Dialect) -> &'static str {
    let def = op.def();
    match (dialect, def.plain) {
        (Dialect::Common, _) if op == Op::Join => "concatenate",
        (Dialect::Common, _) if op == Op::Diagonal => "diag",
        (Dialect::Common, Pp::Call(Some(name))) => name,
        // Read as a call by name, it goes along the first axis of vectors too.
        _ if op == Op::BatchedDot => "matmul",
        _ => def.name,
    }
}

fn operands(range: std::ops::Range<usize>, out: &mut Vec<Piece>) {
    for i in range {
        out.push(Piece::Text(" ".into()));
        out.push(Piece::Arg(i));
    }
}

/// `(+ (+ a b) c)`.
fn nested(name: &'static str, n: usize) -> Vec<Piece> {
    let mut out = vec![Piece::owned(format!("({name} ").repeat(n - 1)), Piece::Arg(0)];
    for i in 1..n {
        out.extend([Piece::Text(" ".into()), Piece::Arg(i), Piece::Text(")".into())]);
    }
    out
}

fn words<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn attribute(attr: &Attr, lengths: Lengths) -> String {
    match attr {
        Attr::None | Attr::AllAxes | Attr::Index(_) | Attr::Places(_) => String::new(),
        Attr::Axes(axes) => match axes[..] {
            [a] => format!(" :axis {a}"),
            _ => format!(" :axis ({})", words(axes)),
        },
        Attr::Axis(a) => format!(" :axis {a}"),
        Attr::Part(a, k) => format!(" :axis {a} :part {k}"),
        Attr::Perm(perm) => {
            let items: Vec<String> = perm.iter().map(|p| p.map_or("x".into(), |a| a.to_string())).collect();
            format!(" :order ({})", items.join(" "))
        }
        Attr::Dims(dims) => {
            let dims: String = dims.iter().map(|d| format!(" {}", lengths.whole(d))).collect();
            format!(" (shape{dims})")
        }
        Attr::DType(d) => format!(" :dtype {}", d.long_name()),
    }
}

/// The items and the closing parenthesis of an `index`.
fn index_text(items: &[IndexItem]) -> String {
    let opt = |v: &Option<i64>| v.map_or("none".to_string(), |v| v.to_string());
    let mut out = String::new();
    for i in items {
        match i {
            IndexItem::At(k) => out.push_str(&format!(" {k}")),
            IndexItem::NewAxis => out.push_str(" newaxis"),
            IndexItem::Slice { start, stop, step: 1 } => {
                out.push_str(&format!(" (slice {} {})", opt(start), opt(stop)));
            }
            IndexItem::Slice { start, stop, step } => {
                out.push_str(&format!(" (slice {} {} {step})", opt(start), opt(stop)));
            }
        }
    }
    out + ")"
}

/// The entries of an index whose operands stand from `at` on.
fn entries(places: &[Place], mut at: usize, out: &mut Vec<Piece>) {
    let mut operand = |out: &mut Vec<Piece>| {
        out.extend([Piece::Text(" ".into()), Piece::Arg(at)]);
        at += 1;
    };
    for p in places {
        match p {
            Place::Item(i) => {
                let text = index_text(std::slice::from_ref(i));
                out.push(Piece::owned(text[..text.len() - 1].to_string()));
            }
            Place::Operand | Place::Mask { .. } => operand(out),
            Place::Strided { start, stop, .. } => {
                out.push(Piece::Text(" (slice".into()));
                for bound in [*start, *stop, Bound::Operand] {
                    match bound {
                        Bound::End => out.push(Piece::Text(" none".into())),
                        Bound::At(k) => out.push(Piece::owned(format!(" {k}"))),
                        Bound::Operand => operand(out),
                    }
                }
                out.push(Piece::Text(")".into()));
            }
            Place::Between { start, stop, step, .. } => {
                out.push(Piece::Text(" (slice".into()));
                for bound in [start, stop] {
                    match bound {
                        Bound::End => out.push(Piece::Text(" none".into())),
                        Bound::At(k) => out.push(Piece::owned(format!(" {k}"))),
                        Bound::Operand => operand(out),
                    }
                }
                out.push(Piece::owned(if *step == 1 { ")".into() } else { format!(" {step})") }));
            }
        }
    }
}

/// A dimshuffle as a transposition with an index on top: dropped axes come last, at position 0.
fn moved(perm: &[Option<usize>], rank: usize) -> Vec<Piece> {
    // Leading axes that broadcasting would add count as part of the operand.
    let full = perm.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(rank);
    let own = |p: &Option<usize>| p.and_then(|a| a.checked_sub(full - rank));
    let mut order: Vec<usize> = perm.iter().filter_map(own).collect();
    let kept = order.len();
    order.extend((0..rank).filter(|a| !perm.iter().any(|p| own(p) == Some(*a))));
    let mut index: Vec<IndexItem> = perm
        .iter()
        .map(|p| match own(p) {
            Some(_) => IndexItem::Slice { start: None, stop: None, step: 1 },
            None => IndexItem::NewAxis,
        })
        .collect();
    index.extend(std::iter::repeat_n(IndexItem::At(0), rank - kept));
    let indexes = index.iter().any(|i| !matches!(i, IndexItem::Slice { .. }));
    let transposes = !order.is_sorted() || !indexes;
    let mut out = String::new();
    if indexes {
        out.push_str("(index ");
    }
    if transposes {
        out.push_str("(transpose ");
    }
    let mut close = String::new();
    if transposes {
        close.push_str(&format!(" :axes ({}))", words(&order)));
    }
    if indexes {
        close.push_str(&index_text(&index));
    }
    vec![Piece::owned(out), Piece::Arg(0), Piece::owned(close)]
}
