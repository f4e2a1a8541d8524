//! Spelling of functions of whole operands.

use crate::expr::{Expr, Lit};
use crate::op::Attr;
use crate::op::pieces::{Piece, brackets, call, capital, dim_text, dims, exact_dims};
use crate::op::told::int_text;
use crate::ty::{Int, IntOp};

/// `CumOp{0, add}(x)`: Theano's class. A vector has no other axis, which is `None` there.
pub(in crate::op) fn cum_classic(e: &Expr) -> Vec<Piece> {
    let axis = if e.rank() == 1 { "None".to_string() } else { axis(e).to_string() };
    let of = if e.op_name() == "cumsum" { "add" } else { "mul" };
    call(&format!("CumOp{{{axis}, {of}}}"), 1)
}

/// `Recurrence{0}(x)`.
pub(in crate::op) fn scan_classic(e: &Expr) -> Vec<Piece> {
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    call(&format!("{}{{{axis}}}", capital(e.op_name())), e.args().len())
}

/// `cumsum(x, axis=0)`.
pub(in crate::op) fn scan_plain(e: &Expr) -> Vec<Piece> {
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    let mut out = call(e.op_name(), e.args().len());
    out.pop();
    out.push(Piece::owned(format!(", axis={axis})")));
    out
}

/// `SortOp{quicksort, None}(v, -1)`: Theano's class with the axis, the last one as it stands for it.
pub(in crate::op) fn sort_classic(e: &Expr) -> Vec<Piece> {
    let axis = if axis(e) + 1 == e.rank() { "-1".to_string() } else { axis(e).to_string() };
    let class = if e.op_name() == "sort" { "SortOp" } else { "ArgSortOp" };
    let mut out = call(&format!("{class}{{quicksort, None}}"), 1);
    out.pop();
    out.push(Piece::owned(format!(", {axis})")));
    out
}

/// `Eye{dtype='float64'}(3, 3, 0)`: rows, columns, which diagonal.
pub(in crate::op) fn eye_classic(e: &Expr) -> Vec<Piece> {
    let open = format!("Eye{{dtype='float64'}}({}, ", dims(e).join(", "));
    vec![Piece::owned(open), Piece::Arg(0), Piece::Text(")".into())]
}

/// `eye(3, 3, 0)`.
pub(in crate::op) fn eye_plain(e: &Expr) -> Vec<Piece> {
    vec![Piece::owned(format!("eye({}, ", exact_dims(e).join(", "))), Piece::Arg(0), Piece::Text(")".into())]
}

fn axis(e: &Expr) -> usize {
    if let Attr::Axis(a) = e.attr() { *a } else { 0 }
}

/// `ScalarFromTensor(i)`, as Theano wraps a number among indices; an array stands as it is.
fn place(i: &Expr, piece: Piece) -> Vec<Piece> {
    if i.rank() > 0 {
        return vec![piece];
    }
    vec![Piece::Text("ScalarFromTensor(".into()), piece, Piece::Text(")".into())]
}

/// `v[iv]`, `M[:, ScalarFromTensor(i)]`.
pub(in crate::op) fn take(e: &Expr) -> Vec<Piece> {
    let (open, close) = brackets(e.arg(0));
    let mut out = vec![Piece::Text(open.into()), Piece::Arg(0)];
    out.push(Piece::owned(format!("{close}[{}", ":, ".repeat(axis(e)))));
    out.extend(place(e.arg(1), Piece::Arg(1)));
    out.push(Piece::Text("]".into()));
    out
}

/// `inc_subtensor(v[iv], y)`.
pub(in crate::op) fn inc_take(e: &Expr) -> Vec<Piece> {
    written("inc_subtensor", e)
}

/// `set_subtensor(v[iv], y)`.
pub(in crate::op) fn set_take(e: &Expr) -> Vec<Piece> {
    written("set_subtensor", e)
}

fn written(name: &str, e: &Expr) -> Vec<Piece> {
    let (open, close) = brackets(e.arg(0));
    let mut out = vec![Piece::owned(format!("{name}({open}")), Piece::Arg(0)];
    out.push(Piece::owned(format!("{close}[{}", ":, ".repeat(axis(e)))));
    out.extend(place(e.arg(1), Piece::Arg(1)));
    out.extend([Piece::Text("], ".into()), Piece::Arg(2), Piece::Text(")".into())]);
    out
}

/// `take(v, i, axis=0)`.
pub(in crate::op) fn take_plain(e: &Expr) -> Vec<Piece> {
    scan_plain(e)
}

/// `M[ARange(0, M.shape[0], 1), iv]`, as who picks an element of each row writes it.
fn picked(e: &Expr) -> Option<Vec<Piece>> {
    let [rows, _] = e.arg(0).ty().shape.dims() else { return None };
    let (open, close) = brackets(e.arg(0));
    let range = Piece::owned(format!("{close}[ARange(0, {}, 1), ", dim_text(rows)));
    Some(vec![Piece::Text(open.into()), Piece::Arg(0), range, Piece::Arg(1), Piece::Text("]".into())])
}

/// `M[ARange(0, M.shape[0], 1), iv]`; `Pick(x, i)` where there are more axes.
pub(in crate::op) fn pick(e: &Expr) -> Vec<Piece> {
    picked(e).unwrap_or_else(|| call(&capital(e.op_name()), 2))
}

/// `inc_subtensor(M[ARange(0, M.shape[0], 1), iv], v)`; `Inc_pick(x, i, v)` where there are more axes.
pub(in crate::op) fn inc_pick(e: &Expr) -> Vec<Piece> {
    let Some(picked) = picked(e) else { return call(&capital(e.op_name()), 3) };
    let mut out = vec![Piece::Text("inc_subtensor(".into())];
    out.extend(picked);
    out.extend([Piece::Text(", ".into()), Piece::Arg(2), Piece::Text(")".into())]);
    out
}

/// `ARange(0, 5, 1)`: start, end, step, where they are integers.
pub(in crate::op) fn arange_classic(e: &Expr) -> Vec<Piece> {
    let n = dims(e).join(", ");
    let int = |i: usize| match e.arg(i).literal() {
        Some(Lit::Int(k)) => Some(i128::from(k)),
        _ => None,
    };
    let stop = match (int(0), int(1), n.parse::<u32>()) {
        (Some(start), Some(step), Ok(n)) if step != 0 => (start + step * i128::from(n)).to_string(),
        (Some(0), Some(1), Err(_)) => told_stop(e).unwrap_or(n),
        (_, Some(1), Err(_)) => match told_stop(e) {
            Some(stop) => stop,
            None => return arange_plain(e),
        },
        (None, _, Ok(n)) | (_, None, Ok(n)) => match float_stop(e, n) {
            Some(stop) => stop,
            None => return arange_plain(e),
        },
        _ => return arange_plain(e),
    };
    let mut out = vec![Piece::Text("ARange(".into()), Piece::Arg(0)];
    out.extend([Piece::owned(format!(", {stop}, ")), Piece::Arg(1), Piece::Text(")".into())]);
    out
}

/// `Nonzero(x)`: how many there are is not written.
pub(in crate::op) fn nonzero_classic(_: &Expr) -> Vec<Piece> {
    vec![Piece::Text("Nonzero(".into()), Piece::Arg(0), Piece::Text(")".into())]
}

/// `nonzero(x)`.
pub(in crate::op) fn nonzero_plain(_: &Expr) -> Vec<Piece> {
    vec![Piece::Text("nonzero(".into()), Piece::Arg(0), Piece::Text(")".into())]
}

/// The end of a range whose length is what lies between two integers that inputs tell.
fn told_stop(e: &Expr) -> Option<String> {
    let Attr::Dims(dims) = e.attr() else { return None };
    let between = dims.first()?.counted()?.not_negative()?;
    let start = crate::expr::int_of(e.arg(0))?;
    match between {
        Int::Two(IntOp::Sub, stop, from) if **from == start => Some(int_text(stop)),
        stop if start == Int::Known(0) => Some(int_text(stop)),
        _ => None,
    }
}

/// The end of a range of floats, where it says how many they are.
fn float_stop(e: &Expr, n: u32) -> Option<String> {
    let (start, step) = (e.arg(0).literal()?.value(), e.arg(1).literal()?.value());
    let stop = start + step * f64::from(n);
    let told = ((stop - start) / step).ceil();
    (told == f64::from(n)).then(|| Lit::Float(stop).to_string())
}

/// `arange(0, 1, shape=(5,))`: start, step, length.
pub(in crate::op) fn arange_plain(e: &Expr) -> Vec<Piece> {
    let mut out = call(e.op_name(), 2);
    out.pop();
    out.push(Piece::owned(format!(", shape=({},))", exact_dims(e).join(", "))));
    out
}
