//! Types of results of whole operands.

use crate::op::{Arg, Attr, TyResult};
use crate::ty::{DType, Dim, Shape, Ty};

fn float(d: DType) -> DType {
    d.to_float()
}

fn matrix<'a>(a: &'a Arg<'_>) -> Result<(&'a Dim, &'a Dim), String> {
    match a.ty.shape.dims() {
        [m, n] => Ok((m, n)),
        _ => Err(format!("takes a matrix, not {}", a.ty.shape)),
    }
}

fn square<'a>(a: &'a Arg<'_>) -> Result<&'a Dim, String> {
    let (m, n) = matrix(a)?;
    match (m.known(), n.known()) {
        (Some(p), Some(q)) if p != q => Err(format!("takes a square matrix, not {}", a.ty.shape)),
        (None, Some(_)) => Ok(n),
        _ => Ok(m),
    }
}

/// The sides of the first operand are equal.
pub(in crate::op) fn square_demand(shapes: &[&Shape]) -> Vec<(Dim, Dim)> {
    let d = shapes[0].dims();
    vec![(d[0].clone(), d[1].clone())]
}

/// As [`square_demand`], and the second operand has as many rows.
pub(in crate::op) fn solve_demand(shapes: &[&Shape]) -> Vec<(Dim, Dim)> {
    let mut out = square_demand(shapes);
    out.push((shapes[0].dims()[1].clone(), shapes[1].dims()[0].clone()));
    out
}

/// The diagonal of a matrix whose sides are not both numbers is that of a square.
pub(in crate::op) fn diagonal_demand(shapes: &[&Shape]) -> Vec<(Dim, Dim)> {
    match shapes[0].dims() {
        [m, n] if m.known().is_none() || n.known().is_none() => vec![(m.clone(), n.clone())],
        _ => Vec::new(),
    }
}

/// A number from a square matrix.
pub(in crate::op) fn number(args: &[Arg<'_>], _: &Attr) -> TyResult {
    square(&args[0])?;
    Ok(Ty::scalar(float(args[0].ty.dtype)))
}

/// A square matrix from one like it.
pub(in crate::op) fn square_like(args: &[Arg<'_>], _: &Attr) -> TyResult {
    square(&args[0])?;
    Ok(Ty::new(float(args[0].ty.dtype), args[0].ty.shape.clone()))
}

/// A matrix like its operand.
pub(in crate::op) fn matrix_like(args: &[Arg<'_>], _: &Attr) -> TyResult {
    matrix(&args[0])?;
    Ok(args[0].ty.clone())
}

/// The solution of a linear system has the shape of its right side.
pub(in crate::op) fn solve(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let n = square(&args[0])?;
    let b = &args[1].ty.shape;
    if !(1..=2).contains(&b.rank()) {
        return Err(format!("takes a vector or a matrix on the right, not {b}"));
    }
    if let (Some(p), Some(q)) = (n.known(), b.dims()[0].known())
        && p != q
    {
        return Err(format!("lengths differ: {} and {b}", args[0].ty.shape));
    }
    let d = float(args[0].ty.dtype).promote(float(args[1].ty.dtype));
    Ok(Ty::new(d, b.clone()))
}

fn diagonal_length(a: &Arg<'_>) -> Result<Dim, String> {
    let (m, n) = matrix(a)?;
    Ok(match (m.known(), n.known()) {
        (Some(p), Some(q)) => Dim::Known(p.min(q)),
        (None, Some(_)) => n.clone(),
        _ => m.clone(),
    })
}

/// The diagonal of a matrix.
pub(in crate::op) fn diagonal(args: &[Arg<'_>], _: &Attr) -> TyResult {
    Ok(Ty::new(args[0].ty.dtype, Shape::new([diagonal_length(&args[0])?])))
}

/// A square matrix from its diagonal.
pub(in crate::op) fn alloc_diag(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let [n] = args[0].ty.shape.dims() else {
        return Err(format!("takes a vector, not {}", args[0].ty.shape));
    };
    Ok(Ty::new(args[0].ty.dtype, Shape::new([n.clone(), n.clone()])))
}

/// A matrix and its new diagonal: a number, or a vector of that length.
pub(in crate::op) fn fill_diagonal(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let n = diagonal_length(&args[0])?;
    let fits = match args[1].ty.shape.dims() {
        [] => true,
        [m] => !matches!((m.known(), n.known()), (Some(p), Some(q)) if p != q),
        _ => false,
    };
    if !fits {
        return Err(format!("cannot put {} on a diagonal of length {n}", args[1].ty.shape));
    }
    Ok(Ty::new(args[0].ty.dtype.promote(args[1].ty.dtype), args[0].ty.shape.clone()))
}

fn axis(attr: &Attr, rank: usize) -> Result<usize, String> {
    match attr {
        Attr::Axis(a) if *a < rank => Ok(*a),
        Attr::Axis(a) => Err(format!("axis {a} is out of range for rank {rank}")),
        _ => Err("needs an axis".into()),
    }
}

/// A running sum or product; integers and truth values run in `i64`.
pub(in crate::op) fn scan(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let ty = args[0].ty;
    axis(attr, ty.rank())?;
    Ok(Ty::new(if ty.dtype.is_float() { ty.dtype } else { DType::I64 }, ty.shape.clone()))
}

/// The places of elements in order.
pub(in crate::op) fn places(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    axis(attr, args[0].ty.rank())?;
    Ok(Ty::new(DType::I64, args[0].ty.shape.clone()))
}

/// What is sorted, of its own type.
pub(in crate::op) fn sorted(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    axis(attr, args[0].ty.rank())?;
    Ok(args[0].ty.clone())
}

/// Floats of one shape, the second in an order that the first gives.
pub(in crate::op) fn sorted_by(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let (keys, of) = (args[0].ty, args[1].ty);
    axis(attr, keys.rank())?;
    let clash = |(m, n): (&Dim, &Dim)| matches!((m.known(), n.known()), (Some(p), Some(q)) if p != q);
    if keys.rank() != of.rank() || keys.shape.dims().iter().zip(of.shape.dims()).any(clash) {
        return Err(format!("takes two of one shape, not {} and {}", keys.shape, of.shape));
    }
    if !of.dtype.is_float() {
        return Err(format!("the element type of what is moved is a float, not {}", of.dtype));
    }
    Ok(of.clone())
}

/// Factors and summands of one shape.
pub(in crate::op) fn recurrence(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let (a, b) = (args[0].ty, args[1].ty);
    axis(attr, a.rank())?;
    let clash = |(m, n): (&Dim, &Dim)| matches!((m.known(), n.known()), (Some(p), Some(q)) if p != q);
    if a.rank() != b.rank() || a.shape.dims().iter().zip(b.shape.dims()).any(clash) {
        return Err(format!("shapes differ: {} and {}", a.shape, b.shape));
    }
    Ok(Ty::new(float(a.dtype).promote(float(b.dtype)), a.shape.clone()))
}

/// Lengths of two operands of one shape.
pub(in crate::op) fn pair_demand(shapes: &[&Shape]) -> Vec<(Dim, Dim)> {
    shapes[0].dims().iter().cloned().zip(shapes[1].dims().iter().cloned()).collect()
}

/// Positions: integers, without the axes that are searched.
pub(in crate::op) fn search(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let ty = crate::op::types::reduce_like(args, attr)?;
    Ok(Ty::new(DType::I64, ty.shape))
}

fn integers(a: &Arg<'_>) -> Result<(), String> {
    if a.ty.dtype.is_float() || a.ty.dtype == DType::Bool {
        return Err(format!("indices are integers, not {}", a.ty.dtype));
    }
    Ok(())
}

fn taken(of: &Shape, indices: &Shape, attr: &Attr) -> Result<Shape, String> {
    let a = axis(attr, of.rank())?;
    let dims = of.dims()[..a].iter().chain(indices.dims()).chain(&of.dims()[a + 1..]);
    Ok(Shape::new(dims.cloned()))
}

/// Slices at the places that integers say.
pub(in crate::op) fn take(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    integers(&args[1])?;
    Ok(Ty::new(args[0].ty.dtype, taken(&args[0].ty.shape, &args[1].ty.shape, attr)?))
}

/// An array, indices, and what is added there: of exactly the shape that `take` gives.
pub(in crate::op) fn inc_take(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    integers(&args[1])?;
    let hole = taken(&args[0].ty.shape, &args[1].ty.shape, attr)?;
    let value = &args[2].ty.shape;
    let clash = hole
        .dims()
        .iter()
        .zip(value.dims())
        .any(|(a, b)| matches!((a.known(), b.known()), (Some(p), Some(q)) if p != q));
    if hole.rank() != value.rank() || clash {
        return Err(format!("cannot add {value} where {hole} was taken"));
    }
    Ok(Ty::new(args[0].ty.dtype.promote(args[2].ty.dtype), args[0].ty.shape.clone()))
}

/// May two lists of lengths be one? What is known to be 1 agrees with that alone: nothing is repeated.
fn may_agree(a: &[Dim], b: &[Dim]) -> bool {
    let clash = |m: &Dim, n: &Dim| matches!((m.known(), n.known()), (Some(p), Some(q)) if p != q);
    a.len() == b.len() && a.iter().zip(b).all(|(m, n)| m.is_one() == n.is_one() && !clash(m, n))
}

/// An array, and a position in each of its rows along the last axis.
pub(in crate::op) fn pick(args: &[Arg<'_>], _: &Attr) -> TyResult {
    integers(&args[1])?;
    let (of, at) = (&args[0].ty.shape, &args[1].ty.shape);
    let rows = of.dims().split_last().map(|(_, rows)| rows).ok_or("needs an axis")?;
    if !may_agree(rows, at.dims()) {
        return Err(format!("{at} is not one position for each row of {of}"));
    }
    Ok(Ty::new(args[0].ty.dtype, Shape::new(rows.iter().cloned())))
}

/// What `pick` takes, and what is added to each row.
pub(in crate::op) fn inc_pick(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let (hole, value) = (pick(&args[..2], attr)?.shape, &args[2].ty.shape);
    if !may_agree(hole.dims(), value.dims()) {
        return Err(format!("cannot add {value} where {hole} was picked"));
    }
    Ok(Ty::new(args[0].ty.dtype.promote(args[2].ty.dtype), args[0].ty.shape.clone()))
}

/// Every operand behind the first has the shape of that one's rows.
pub(in crate::op) fn pick_demand(shapes: &[&Shape]) -> Vec<(Dim, Dim)> {
    let rows = shapes[0].dims();
    shapes[1..].iter().flat_map(|s| rows.iter().cloned().zip(s.dims().iter().cloned())).collect()
}

/// A range of `Attr::Dims` numbers from a start and a step.
pub(in crate::op) fn arange(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Dims(dims) = attr else { return Err("needs a length".into()) };
    let [n] = dims.as_slice() else { return Err("has one axis".into()) };
    if args.iter().any(|a| a.ty.rank() > 0) {
        return Err("takes numbers, not arrays".into());
    }
    let d = args[0].ty.dtype.promote(args[1].ty.dtype);
    Ok(Ty::new(if d.is_float() { d } else { DType::I64 }, Shape::new([n.clone()])))
}

/// Places in the operand.
pub(in crate::op) fn nonzero(_: &[Arg<'_>], attr: &Attr) -> TyResult {
    match attr {
        Attr::Dims(dims) if dims.len() == 1 => Ok(Ty::new(DType::I64, Shape::new(dims.iter().cloned()))),
        _ => Err("needs one length".into()),
    }
}

/// The part of the first operand that the last had.
pub(in crate::op) fn segment(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let of = args[0].ty;
    let a = axis(attr, of.rank())?;
    let mut places = Vec::new();
    for x in &args[1..] {
        let s = &x.ty.shape;
        let clash = |(i, (m, n)): (usize, (&Dim, &Dim))| {
            i != a && matches!((m.known(), n.known()), (Some(m), Some(n)) if m != n)
        };
        if s.rank() != of.rank() || s.dims().iter().zip(of.shape.dims()).enumerate().any(clash) {
            return Err(format!("{s} is no part of {} along axis {a}", of.shape));
        }
        places.push(s.dims()[a].clone());
    }
    let own = places.last().cloned().unwrap_or(Dim::ONE);
    if let (Some(all), Some(n)) = (Dim::sum(places).known(), of.shape.dims()[a].known())
        && all > n
    {
        return Err(format!("the parts have {all} places of {n}"));
    }
    let dims = of.shape.dims().iter().enumerate().map(|(i, d)| if i == a { own.clone() } else { d.clone() });
    Ok(Ty::new(of.dtype, Shape::new(dims)))
}

/// The first operand with the last added to its part.
pub(in crate::op) fn inc_segment(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    segment(args, attr)?;
    let d = args.last().map_or(args[0].ty.dtype, |v| args[0].ty.dtype.promote(v.ty.dtype));
    Ok(Ty::new(d, args[0].ty.shape.clone()))
}
