//! Type and shape rules that rows share.

use super::{Attr, IndexItem};
use crate::ty::{DType, Dim, Shape, ShapeError, Ty, normalize_axis};

/// What a type rule sees of an operand.
#[derive(Debug, Clone, Copy)]
pub struct Arg<'a> {
    /// Its type.
    pub ty: &'a Ty,
    /// It is a literal that the narrow float type holds exactly, so it adapts to the others.
    pub weak: bool,
}

/// A type, or the reason in words.
pub type TyResult = Result<Ty, String>;

fn joint_shape(args: &[Arg<'_>]) -> Result<Shape, String> {
    let Some((first, rest)) = args.split_first() else { return Ok(Shape::scalar()) };
    let mut shape = first.ty.shape.clone();
    for a in rest {
        shape = shape.broadcast(&a.ty.shape).map_err(text)?;
    }
    Ok(shape)
}

fn text(e: ShapeError) -> String {
    e.0
}

pub(super) fn joint_dtype(args: &[Arg<'_>]) -> DType {
    let narrow = |a: &Arg<'_>| if a.weak && a.ty.dtype == DType::F64 { DType::F32 } else { a.ty.dtype };
    let strong = args.iter().filter(|a| !(a.weak && a.ty.dtype.is_float())).map(|a| a.ty.dtype);
    match strong.reduce(DType::promote) {
        // Among floats a weak literal adapts; integers it lifts to its own type.
        Some(d) if d.is_float() => args.iter().map(narrow).fold(d, DType::promote),
        Some(d) => args.iter().map(|a| a.ty.dtype).fold(d, DType::promote),
        None => args.iter().map(|a| a.ty.dtype).reduce(DType::promote).unwrap_or(DType::F64),
    }
}

/// Function of floats: integers become `f64`.
pub(super) fn float(args: &[Arg<'_>], _: &Attr) -> TyResult {
    Ok(Ty::new(joint_dtype(args).to_float(), joint_shape(args)?))
}

/// Arithmetic: the promoted type; truth values count as `i8`.
pub(super) fn arith(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let d = joint_dtype(args);
    Ok(Ty::new(if d == DType::Bool { DType::I8 } else { d }, joint_shape(args)?))
}

/// True division: always a float.
pub(super) fn divide(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    float(args, attr)
}

/// The second of two operands of one element type and as many axes.
pub(super) fn second(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let (a, b) = (args[0].ty, args[1].ty);
    let clash = |(m, n): (&Dim, &Dim)| matches!((m.known(), n.known()), (Some(m), Some(n)) if m != n);
    if a.dtype != b.dtype || a.rank() != b.rank() || a.shape.dims().iter().zip(b.shape.dims()).any(clash) {
        return Err(format!("{a} is not of the type {b}"));
    }
    Ok(b.clone())
}

/// Comparison: truth values.
pub(super) fn compare(args: &[Arg<'_>], _: &Attr) -> TyResult {
    Ok(Ty::new(DType::Bool, joint_shape(args)?))
}

/// Truth values from truth values and floats; of integers, their bits.
pub(super) fn logic(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let d = joint_dtype(args);
    Ok(Ty::new(if d.is_int() { d } else { DType::Bool }, joint_shape(args)?))
}

/// Keeps the type of its only operand, except that truth values become `i8`.
pub(super) fn like(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    arith(args, attr)
}

/// Exactly the type of its operand.
pub(super) fn same(args: &[Arg<'_>], _: &Attr) -> TyResult {
    Ok(args[0].ty.clone())
}

/// Exactly the type of its first operand; the others are numbers.
pub(super) fn marked(args: &[Arg<'_>], _: &Attr) -> TyResult {
    if let Some(a) = args[1..].iter().find(|a| a.ty.rank() > 0) {
        return Err(format!("takes numbers behind its first operand, not {}", a.ty.shape));
    }
    Ok(args[0].ty.clone())
}

/// Choice: the first operand selects.
pub(super) fn switch(args: &[Arg<'_>], _: &Attr) -> TyResult {
    Ok(Ty::new(joint_dtype(&args[1..]), joint_shape(args)?))
}

/// `fill(shape, value)`: the shape of both together, the type of the value; a literal adapts.
pub(super) fn fill(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let shape = joint_shape(args)?;
    let dtype = match (args[0].ty.dtype, args[1].ty.dtype) {
        (DType::F32, DType::F64) if args[1].weak => DType::F32,
        (_, d) => d,
    };
    Ok(Ty::new(dtype, shape))
}

/// Removes `Attr::Axes`; integers and truth values sum in `i64`.
pub(super) fn reduce(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let ty = args[0].ty;
    let d = if ty.dtype.is_float() { ty.dtype } else { DType::I64 };
    Ok(Ty::new(d, without_axes(&ty.shape, attr)?))
}

/// Removes `Attr::Axes`: truth values.
pub(super) fn reduce_truth(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    Ok(Ty::new(DType::Bool, without_axes(&args[0].ty.shape, attr)?))
}

/// Truth values and integers only.
pub(super) fn bits(args: &[Arg<'_>], _: &Attr) -> TyResult {
    if args[0].ty.dtype.is_float() {
        return Err(format!("takes truth values and integers, not {}", args[0].ty.dtype));
    }
    Ok(args[0].ty.clone())
}

/// Removes `Attr::Axes`, keeps the element type.
pub(super) fn reduce_like(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let ty = args[0].ty;
    for a in attr.axes(ty.rank()) {
        if ty.shape.dims().get(a).and_then(Dim::known) == Some(0) {
            return Err(format!("no element to choose from: axis {a} of {ty} is empty"));
        }
    }
    Ok(Ty::new(ty.dtype, without_axes(&ty.shape, attr)?))
}

/// Removes `Attr::Axes`; a float.
pub(super) fn reduce_float(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let ty = reduce_like(args, attr)?;
    Ok(Ty::new(ty.dtype.to_float(), ty.shape))
}

fn without_axes(shape: &Shape, attr: &Attr) -> Result<Shape, String> {
    let axes = attr.axes(shape.rank());
    if let Some(&bad) = axes.iter().find(|&&a| a >= shape.rank()) {
        return Err(format!("axis {bad} is out of range for rank {}", shape.rank()));
    }
    Ok(Shape::new(shape.dims().iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, d)| d.clone())))
}

/// Keeps type and shape; `Attr::Axes` must be axes of it.
pub(super) fn softmax(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    reduce_like(args, attr)?;
    Ok(Ty::new(args[0].ty.dtype.to_float(), args[0].ty.shape.clone()))
}

/// The adjoint of a softmax and the softmax, of one shape.
pub(super) fn softmax_grad(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let (a, b) = (&args[0].ty.shape, &args[1].ty.shape);
    let differ = |(m, n): (&Dim, &Dim)| matches!((m.known(), n.known()), (Some(m), Some(n)) if m != n);
    if a.rank() != b.rank() || a.dims().iter().zip(b.dims()).any(differ) {
        return Err(format!("takes two of one shape, not {a} and {b}"));
    }
    softmax(&args[1..], attr)?;
    Ok(Ty::new(joint_dtype(args).to_float(), b.clone()))
}

/// A matrix of doubles with two lengths.
pub(super) fn unit_matrix(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    match attr {
        Attr::Dims(dims) if dims.len() == 2 && args[0].weak && !args[0].ty.dtype.is_float() => {
            Ok(Ty::new(DType::F64, Shape::new(dims.iter().cloned())))
        }
        _ => Err("takes the number of a diagonal and two lengths".into()),
    }
}

/// One of the parts along an axis.
pub(super) fn split_part(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Part(axis, part) = *attr else { return Err("needs an axis and a part".into()) };
    if part + 1 >= args.len() {
        return Err(format!("there are {} parts, and none with number {part}", args.len() - 1));
    }
    super::whole::types::segment(&args[..part + 2], &Attr::Axis(axis))
}

/// Product of vectors and matrices; a scalar operand multiplies.
pub(super) fn dot(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let (a, b) = (&args[0].ty.shape, &args[1].ty.shape);
    let dtype = joint_dtype(args);
    if !(1..=2).contains(&a.rank()) || !(1..=2).contains(&b.rank()) {
        return Err(format!("takes vectors and matrices, not {a} and {b}"));
    }
    let (inner_a, inner_b) = (&a.dims()[a.rank() - 1], &b.dims()[0]);
    if let (Some(m), Some(n)) = (inner_a.known(), inner_b.known())
        && m != n
    {
        return Err(format!("inner lengths differ: {a} and {b}"));
    }
    let dims = a.dims()[..a.rank() - 1].iter().chain(&b.dims()[1..]).cloned();
    Ok(Ty::new(if dtype == DType::Bool { DType::I8 } else { dtype }, Shape::new(dims)))
}

/// Products of matrices along leading axes: the operands have two axes or more, one has three.
pub(super) fn batched_dot(args: &[Arg<'_>], _: &Attr) -> TyResult {
    let (a, b) = (&args[0].ty.shape, &args[1].ty.shape);
    if a.rank().min(b.rank()) < 2 || a.rank().max(b.rank()) < 3 {
        return Err(format!("takes matrices along leading axes, not {a} and {b}"));
    }
    if let (Some(m), Some(n)) = (a.axis_from_end(0).known(), b.axis_from_end(1).known())
        && m != n
    {
        return Err(format!("inner lengths differ: {a} and {b}"));
    }
    let batch = |s: &Shape| Shape::new(s.dims()[..s.rank() - 2].iter().cloned());
    let batch = batch(a).broadcast(&batch(b)).map_err(text)?;
    let dims = batch.dims().iter().cloned().chain([a.axis_from_end(1), b.axis_from_end(0)]);
    let dtype = joint_dtype(args);
    Ok(Ty::new(if dtype == DType::Bool { DType::I8 } else { dtype }, Shape::new(dims)))
}

/// The result of a dimshuffle. An operand of too low a rank is taken to have leading axes of
/// length 1, as broadcasting would give it.
pub(super) fn dimshuffle(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Perm(perm) = attr else { return Err("needs a permutation".into()) };
    let ty = args[0].ty;
    Ok(Ty::new(ty.dtype, dimshuffled(&ty.shape, perm)?))
}

fn dimshuffled(shape: &Shape, perm: &[Option<usize>]) -> Result<Shape, String> {
    let rank = perm.iter().flatten().map(|&a| a + 1).max().unwrap_or(0).max(shape.rank());
    let lead = rank - shape.rank();
    let dim = |a: usize| if a < lead { Dim::ONE } else { shape.dims()[a - lead].clone() };
    for a in 0..rank {
        let uses = perm.iter().filter(|p| **p == Some(a)).count();
        if uses > 1 {
            return Err(format!("axis {a} is used twice"));
        }
        // A length that is not known to be 1 may be 1 when called; a number may not.
        if uses == 0 && dim(a).known().is_some_and(|n| n != 1) {
            return Err(format!("cannot drop axis {a} of {shape}: its length is not 1"));
        }
    }
    Ok(Shape::new(perm.iter().map(|p| p.map_or(Dim::ONE, dim))))
}

/// Broadcast to `Attr::Dims`.
pub(super) fn broadcast(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Dims(dims) = attr else { return Err("needs lengths".into()) };
    let ty = args[0].ty;
    let to = Shape::new(dims.iter().cloned());
    if ty.rank() > to.rank() {
        return Err(format!("cannot broadcast {} to {to}", ty.shape));
    }
    for k in 0..ty.rank() {
        let (from, into) = (ty.shape.axis_from_end(k), to.axis_from_end(k));
        let clash = matches!((from.known(), into.known()), (Some(a), Some(b)) if a != b && a != 1);
        if clash {
            return Err(format!("cannot broadcast {} to {to}", ty.shape));
        }
    }
    Ok(Ty::new(ty.dtype, to))
}

/// Same number of elements, `Attr::Dims` for lengths.
pub(super) fn reshape(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Dims(dims) = attr else { return Err("needs lengths".into()) };
    let ty = args[0].ty;
    let to = Shape::new(dims.iter().cloned());
    if let (Some(a), Some(b)) = (ty.shape.size().known(), to.size().known())
        && a != b
    {
        return Err(format!("cannot reshape {} to {to}: {a} elements against {b}", ty.shape));
    }
    Ok(Ty::new(ty.dtype, to))
}

/// The first, with the lengths of the second.
pub(super) fn reshape_like(args: &[Arg<'_>], _: &Attr) -> TyResult {
    reshape(&args[..1], &Attr::Dims(args[1].ty.shape.dims().to_vec()))
}

/// The lengths of all axes: integers.
pub(super) fn shape_of(args: &[Arg<'_>], _: &Attr) -> TyResult {
    Ok(Ty::new(DType::I64, Shape::new([Dim::Known(args[0].ty.rank())])))
}

/// A basic index.
pub(super) fn index(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Index(items) = attr else { return Err("needs an index".into()) };
    let ty = args[0].ty;
    Ok(Ty::new(ty.dtype, indexed(&ty.shape, items)?))
}

/// Reading or writing at an index: the type of operand 0.
pub(super) fn write_at(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Index(items) = attr else { return Err("needs an index".into()) };
    let ty = args[0].ty;
    let hole = indexed(&ty.shape, items)?;
    fits_into(&args[1].ty.shape, &hole)?;
    Ok(Ty::new(joint_dtype(args), ty.shape.clone()))
}

/// Can what has the first shape be written, repeated where it must be, where the second is? A length that is known
/// when called may turn out to be 1.
pub(super) fn fits_into(value: &Shape, hole: &Shape) -> Result<(), String> {
    let wide = hole.broadcast(value).map_err(text)?;
    let stretched = |(w, h): (&Dim, &Dim)| h.is_one() && w.known().is_some_and(|n| n != 1);
    if wide.rank() != hole.rank() || wide.dims().iter().zip(hole.dims()).any(stretched) {
        return Err(format!("cannot put {value} into {hole}"));
    }
    Ok(())
}

/// The shape of what a basic index reads.
pub(crate) fn indexed(shape: &Shape, items: &[IndexItem]) -> Result<Shape, String> {
    let mut dims = Vec::with_capacity(shape.rank());
    let mut axis = 0;
    for item in items {
        if *item == IndexItem::NewAxis {
            dims.push(Dim::ONE);
            continue;
        }
        let Some(d) = shape.dims().get(axis) else {
            return Err(format!("too many indices for rank {}", shape.rank()));
        };
        match item {
            IndexItem::At(i) => {
                if let Some(n) = d.known()
                    && normalize_axis(*i, n).is_err()
                {
                    return Err(format!("index {i} is out of bounds for axis {axis} of length {n}"));
                }
            }
            IndexItem::Slice { start, stop, step } => {
                if *step == 0 {
                    return Err("a slice cannot have step 0".into());
                }
                dims.push(d.slice(*start, *stop, *step));
            }
            IndexItem::NewAxis => {}
        }
        axis += 1;
    }
    dims.extend(shape.dims()[axis..].iter().cloned());
    Ok(Shape::new(dims))
}

/// Operands joined along `Attr::Axis`.
pub(super) fn concat(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Axis(axis) = attr else { return Err("needs an axis".into()) };
    let first = &args[0].ty.shape;
    if *axis >= first.rank() {
        return Err(format!("axis {axis} is out of range for rank {}", first.rank()));
    }
    for a in &args[1..] {
        let s = &a.ty.shape;
        let clash = |(i, (m, n)): (usize, (&Dim, &Dim))| {
            i != *axis && matches!((m.known(), n.known()), (Some(m), Some(n)) if m != n)
        };
        if s.rank() != first.rank() || first.dims().iter().zip(s.dims()).enumerate().any(clash) {
            return Err(format!("cannot join {first} and {s} along axis {axis}"));
        }
    }
    let dims = (0..first.rank()).map(|i| {
        if i == *axis {
            Dim::sum(args.iter().map(|a| a.ty.shape.dims()[i].clone()))
        } else {
            first.dims()[i].clone()
        }
    });
    Ok(Ty::new(joint_dtype(args), Shape::new(dims)))
}

/// The length of an axis: an integer.
pub(super) fn length(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::Axis(axis) = attr else { return Err("needs an axis".into()) };
    let rank = args[0].ty.rank();
    if *axis >= rank {
        return Err(format!("axis {axis} is out of range for rank {rank}"));
    }
    Ok(Ty::scalar(DType::I64))
}

/// Conversion to `Attr::DType`.
pub(super) fn cast(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let Attr::DType(d) = attr else { return Err("needs an element type".into()) };
    Ok(Ty::new(*d, args[0].ty.shape.clone()))
}
