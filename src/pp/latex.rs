//! LaTeX, for papers and notebooks.

use crate::expr::{Expr, Head, Lit, constant_of, shown_name};
use crate::op::{
    Attr, IndexItem, Piece, Pp, Spelling, entries, index_text, is_reversal, is_stack, without_leading_axes,
};
use crate::ty::{Dim, DimExpr, Int, IntOp};

/// The text of an expression in LaTeX's mathematical mode: fractions, powers, roots; parentheses only
/// where they are needed. As [`pp`](super::pp), it is the text of a tree.
pub fn latex(e: &Expr) -> String {
    let mut out = String::new();
    let mut stack = vec![Step::Node(e.clone(), Bind::Loose)];
    while let Some(step) = stack.pop() {
        match step {
            Step::Text(t) => out.push_str(&t),
            Step::Node(e, bind) => {
                let mut steps = layout(&e);
                // A negative number under a power or after a sign needs them as well.
                let leaf = match e.head() {
                    Head::Var(_) => true,
                    Head::Lit(l) => !l.value().is_sign_negative() && !number(*l).contains("cdot"),
                    Head::Op(..) => closed(&e, bind),
                };
                if bind != Bind::Loose && !leaf {
                    steps.insert(0, Step::text("\\left("));
                    steps.push(Step::text("\\right)"));
                }
                stack.extend(steps.into_iter().rev());
            }
        }
    }
    out
}

enum Step {
    Text(String),
    /// A node, and how tight what it is part of binds it.
    Node(Expr, Bind),
}

/// How tight a place binds what stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bind {
    /// Not at all: an argument, a numerator.
    Loose,
    /// As an operand of a sum or product.
    Operand,
    /// As the base of a power.
    Base,
}

impl Step {
    fn text(t: &str) -> Step {
        Step::Text(t.into())
    }
}

/// Does the operator's own layout delimit it there?
fn closed(e: &Expr, bind: Bind) -> bool {
    let Some(op) = e.op() else { return true };
    let def = op.def();
    match (def.latex, def.pp) {
        // Fractions and powers are one piece, but for a power on top of them.
        (Some(t), _) if t.contains("^{") || t.starts_with("\\frac") => bind == Bind::Operand,
        (Some(t), _) => !t.contains('!') || t.ends_with("\\right)"),
        (None, Pp::Infix(_) | Pp::Prefix(_)) => false,
        // A transpose is a power.
        _ => bind == Bind::Operand || !matches!(e.attr(), Attr::Perm(_)),
    }
}

fn layout(e: &Expr) -> Vec<Step> {
    let (op, attr) = match e.head() {
        Head::Var(n) => return vec![Step::Text(variable(n))],
        Head::Lit(l) => return vec![Step::Text(number(*l))],
        Head::Op(op, attr) => (op, attr),
    };
    if let Some((values, lengths)) = constant_of(e) {
        return vec![Step::Text(array(&values, &lengths))];
    }
    let def = op.def();
    match (def.latex, def.pp) {
        (Some(t), _) => template(t, e),
        (None, Pp::Infix(sign)) => infix(sign.trim(), e),
        (None, Pp::Prefix(sign)) => vec![Step::text(sign), Step::Node(e.arg(0).clone(), Bind::Operand)],
        (None, Pp::Bars) => template("\\left|#0\\right|", e),
        _ => match attr {
            Attr::Perm(_) if without_leading_axes(e).is_some_and(|p| matches!(p[..], [Piece::Arg(0)])) => {
                vec![Step::Node(e.arg(0).clone(), Bind::Operand)]
            }
            Attr::Perm(perm) if is_reversal(perm, e.arg(0).rank()) => template("!0^{\\mathsf{T}}", e),
            Attr::Index(_) if e.args().len() == 1 => indexed(e.arg(0), attr),
            Attr::Places(_) if def.class == Some("Subtensor") => {
                let mut out = vec![Step::Node(e.arg(0).clone(), Bind::Operand), Step::text("\\left[")];
                out.extend(entries(e, 1, Spelling::Plain).into_iter().map(|p| match p {
                    Piece::Arg(i) => Step::Node(e.arg(i).clone(), Bind::Loose),
                    Piece::Inner(x) => Step::Node(x, Bind::Loose),
                    Piece::Text(t) => Step::Text(t.replace("None", "\\ast").replace(':', "{:}")),
                }));
                out.push(Step::text("\\right]"));
                out
            }
            _ if is_stack(e) => stack(e),
            _ => call(def.name, attr, e),
        },
    }
}

/// `v[1:]`; a name and a number stand as they are.
fn indexed(of: &Expr, attr: &Attr) -> Vec<Step> {
    vec![Step::Node(of.clone(), Bind::Operand), Step::Text(format!("\\left[{}\\right]", subscript(attr)))]
}

/// Scalars side by side.
fn stack(e: &Expr) -> Vec<Step> {
    let mut out = vec![Step::text("\\left[")];
    for (i, a) in e.args().iter().enumerate() {
        if i > 0 {
            out.push(Step::text(", "));
        }
        // Each was made a vector of one element.
        out.push(Step::Node(a.arg(0).clone(), Bind::Loose));
    }
    out.push(Step::text("\\right]"));
    out
}

/// Numbers: a vector in brackets, a matrix by rows; of more axes only the lengths.
fn array(values: &[Lit], lengths: &[usize]) -> String {
    let row = |x: &[Lit], between: &str| x.iter().map(|l| number(*l)).collect::<Vec<_>>().join(between);
    match lengths {
        [_] => format!("\\left[{}\\right]", row(values, ", ")),
        [_, n] => {
            let rows: Vec<String> = values.chunks((*n).max(1)).map(|x| row(x, " & ")).collect();
            format!("\\begin{{bmatrix}}{}\\end{{bmatrix}}", rows.join(" \\\\ "))
        }
        many => format!("\\operatorname{{constant}}_{{{}}}", by(many)),
    }
}

fn by<T: ToString>(lengths: &[T]) -> String {
    lengths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" \\times ")
}

/// What an attribute says, as a subscript.
fn subscript(attr: &Attr) -> String {
    match attr {
        Attr::None | Attr::AllAxes => String::new(),
        Attr::Axes(a) => a.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Attr::Axis(a) => a.to_string(),
        Attr::Part(a, k) => format!("{a}, {k}"),
        Attr::Perm(p) => {
            let items: Vec<String> = p.iter().map(|p| p.map_or("\\ast".into(), |a| a.to_string())).collect();
            items.join(", ")
        }
        Attr::Dims(d) => by(&d.iter().map(length).collect::<Vec<_>>()),
        Attr::DType(d) => format!("\\mathrm{{{}}}", d.long_name()),
        Attr::Index(items) => index_text(items).replace("None", "\\ast").replace(':', "{:}"),
        // What follows the first operands.
        Attr::Places(_) => "\\cdot".into(),
    }
}

/// A length: `3`, `n`, the length of an axis where it has no name.
fn length(d: &Dim) -> String {
    let join = |ds: &[Dim], op: &str| {
        format!("\\left({}\\right)", ds.iter().map(length).collect::<Vec<_>>().join(op))
    };
    match d {
        Dim::Known(n) => n.to_string(),
        Dim::Sym(s) => format!("\\left|{}\\right|_{{{}}}", variable(s.var()), s.axis()),
        Dim::Expr(e) => match &**e {
            DimExpr::Add(ds) => join(ds, " + "),
            DimExpr::Mul(ds) => join(ds, " \\cdot "),
            DimExpr::Div(a, b) => format!("\\left\\lfloor {} / {}\\right\\rfloor", length(a), length(b)),
            DimExpr::Slice { of, start, stop, step } => {
                let part = IndexItem::Slice { start: *start, stop: *stop, step: *step };
                format!("\\left|{}\\right|_{{{}}}", length(of), index_text(&[part]).replace(':', "{:}"))
            }
            DimExpr::Between { of, start, stop, .. } => {
                let part = |i: &Option<Int>| i.as_ref().map_or(String::new(), integer);
                format!("\\left|{}\\right|_{{{}{{:}}{}}}", length(of), part(start), part(stop))
            }
            DimExpr::Count(int) => integer(int),
        },
    }
}

/// An integer that inputs and lengths tell.
fn integer(i: &Int) -> String {
    match i {
        Int::Known(n) => n.to_string(),
        Int::Value(s) => variable(s.var()),
        Int::Length(d) => length(d),
        Int::Two(op, a, b) => {
            let (a, b) = (integer(a), integer(b));
            match op {
                IntOp::Add => format!("\\left({a} + {b}\\right)"),
                IntOp::Sub => format!("\\left({a} - {b}\\right)"),
                IntOp::Mul => format!("\\left({a} \\cdot {b}\\right)"),
                IntOp::Div => format!("\\left\\lfloor {a} / {b}\\right\\rfloor"),
                IntOp::Mod => format!("\\left({a} \\bmod {b}\\right)"),
                IntOp::Max => format!("\\max\\left({a}, {b}\\right)"),
                IntOp::Min => format!("\\min\\left({a}, {b}\\right)"),
            }
        }
    }
}

/// `#0` is an operand; `!0` one that binds tight.
fn template(t: &str, e: &Expr) -> Vec<Step> {
    let mut out = Vec::new();
    let mut rest = t;
    while let Some(at) = rest.find(['#', '!']) {
        out.push(Step::text(&rest[..at]));
        let bind = match rest.as_bytes()[at] {
            b'#' => Bind::Loose,
            _ if rest[at + 2..].starts_with('^') => Bind::Base,
            _ => Bind::Operand,
        };
        let digit = rest.as_bytes().get(at + 1).map_or(0, |b| usize::from(b.saturating_sub(b'0')));
        if let Some(a) = e.args().get(digit) {
            out.push(Step::Node(a.clone(), bind));
        }
        rest = &rest[(at + 2).min(rest.len())..];
    }
    out.push(Step::text(rest));
    out
}

fn infix(sign: &str, e: &Expr) -> Vec<Step> {
    let sign = match sign {
        "*" | "\\dot" => " \\, ".to_string(),
        "//" => " \\mathbin{//} ".to_string(),
        s => format!(" {s} "),
    };
    // Only a sum may stand in a sum as it is, and only first.
    let loose = |i: usize, a: &Expr| i == 0 && a.op() == e.op() && a.op().is_some();
    let mut out = Vec::new();
    for (i, a) in e.args().iter().enumerate() {
        if i > 0 {
            out.push(Step::text(&sign));
        }
        out.push(Step::Node(a.clone(), if loose(i, a) { Bind::Loose } else { Bind::Operand }));
    }
    out
}

fn call(name: &str, attr: &Attr, e: &Expr) -> Vec<Step> {
    const KNOWN: [&str; 14] = [
        "exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "max",
        "min", "det",
    ];
    let name = match name {
        n if KNOWN.contains(&n) => format!("\\{n}"),
        n => format!("\\operatorname{{{}}}", words(n)),
    };
    let below = match subscript(attr) {
        s if s.is_empty() => s,
        s => format!("_{{{s}}}"),
    };
    let mut out = vec![Step::Text(format!("{name}{below}\\left("))];
    for (i, a) in e.args().iter().enumerate() {
        if i > 0 {
            out.push(Step::text(", "));
        }
        out.push(Step::Node(a.clone(), Bind::Loose));
    }
    out.push(Step::text("\\right)"));
    out
}

/// Text that is not LaTeX's own.
fn words(t: &str) -> String {
    t.replace('_', "\\_")
}

fn variable(name: &str) -> String {
    const GREEK: [&str; 24] = [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda",
        "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Omega",
    ];
    match name {
        n if GREEK.contains(&n) => format!("\\{n}"),
        // An input without a name: its number.
        n if shown_name(n) != n => {
            format!("\\square_{{{}}}", n.rsplit('#').next().unwrap_or("").trim_start_matches('0'))
        }
        n if n.chars().count() == 1 => n.to_string(),
        n => format!("\\mathit{{{}}}", n.replace('_', "\\_")),
    }
}

fn number(l: Lit) -> String {
    let text = l.to_string();
    match text.split_once('e') {
        _ if text.ends_with("inf") => text.replace("inf", "\\infty"),
        Some((m, x)) => {
            let x = x.trim_start_matches('+');
            let (sign, digits) = x.strip_prefix('-').map_or(("", x), |d| ("-", d));
            format!("{m} \\cdot 10^{{{sign}{}}}", digits.trim_start_matches('0'))
        }
        None if matches!(l, Lit::Bool(_)) || text == "nan" => format!("\\mathrm{{{text}}}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::latex;
    use crate::expr::{dscalar, dvector};

    #[test]
    fn fractions_powers_and_parentheses() {
        let (x, y, v) = (dscalar("x"), dscalar("y"), dvector("v"));
        for (e, text) in [
            (1 / (1 + (-&x).exp()), "\\frac{1}{1 + e^{-x}}"),
            ((&x + &y).pow(2), "\\left(x + y\\right)^{2}"),
            (&x - (&y - &x), "x - \\left(y - x\\right)"),
            ((&x + &y) * &x, "\\left(x + y\\right) \\, x"),
            (x.sqrt() * x.abs(), "\\sqrt{x} \\, \\left|x\\right|"),
            (v.sum(), "\\operatorname{sum}\\left(v\\right)"),
            (&x * 1e-8, "x \\, \\left(1 \\cdot 10^{-8}\\right)"),
        ] {
            assert_eq!(latex(&e), text);
        }
    }
}
