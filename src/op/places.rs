//! Indexes with operands: numbers, arrays of places, truth values, slices whose bounds are computed.

use super::types::{Arg, TyResult};
use super::{Attr, IndexItem};
use crate::ty::{DType, Dim, Shape, Sym, Ty};

/// One entry of an index with operands, which follow one another in the order of the entries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// What a basic index has.
    Item(IndexItem),
    /// An operand: one place, and the axis disappears; or an array of places, whose axes stand for this one.
    Operand,
    /// An operand of truth values, for whose axes one stands: as long as many of them are true.
    Mask {
        /// How many axes the truth values have.
        axes: usize,
        /// How many of them are true.
        length: Dim,
    },
    /// A slice whose stride is an operand, behind those of its bounds.
    Strided {
        /// First position.
        start: Bound,
        /// End, exclusive.
        stop: Bound,
        /// How many positions there are.
        length: Dim,
    },
    /// A slice.
    Between {
        /// First position.
        start: Bound,
        /// End, exclusive.
        stop: Bound,
        /// Stride, never 0.
        step: i64,
        /// How many positions there are.
        length: Dim,
    },
}

/// A bound of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// None is given.
    End,
    /// A number.
    At(i64),
    /// An operand.
    Operand,
}

pub(super) const WHOLE: IndexItem = IndexItem::Slice { start: None, stop: None, step: 1 };

impl Place {
    /// With symbols of lengths replaced.
    pub(super) fn substitute(&self, to: &dyn Fn(&Sym) -> Option<Dim>) -> Place {
        match self {
            Place::Between { start, stop, step, length } => {
                Place::Between { start: *start, stop: *stop, step: *step, length: length.substitute(to) }
            }
            Place::Mask { axes, length } => Place::Mask { axes: *axes, length: length.substitute(to) },
            Place::Strided { start, stop, length } => {
                Place::Strided { start: *start, stop: *stop, length: length.substitute(to) }
            }
            other => other.clone(),
        }
    }

    /// How many operands it takes.
    pub fn operands(&self) -> usize {
        match self {
            Place::Item(_) => 0,
            Place::Operand | Place::Mask { .. } => 1,
            Place::Between { start, stop, .. } => bounds(*start, *stop),
            Place::Strided { start, stop, .. } => bounds(*start, *stop) + 1,
        }
    }
}

/// How many of these are operands.
fn bounds(start: Bound, stop: Bound) -> usize {
    [start, stop].into_iter().filter(|b| *b == Bound::Operand).count()
}

fn places(attr: &Attr) -> Result<&[Place], String> {
    match attr {
        Attr::Places(places) => Ok(places),
        _ => Err("needs an index".into()),
    }
}

/// What the index reads of an array of this shape.
fn read_shape(of: &Shape, places: &[Place], index: &[Arg<'_>]) -> Result<Shape, String> {
    let wanted: usize = places.iter().map(Place::operands).sum();
    if wanted != index.len() {
        return Err(format!("the index takes {wanted} operands, not {}", index.len()));
    }
    let mut at = 0;
    for p in places {
        let own = at..at + p.operands();
        at = own.end;
        let truths = usize::from(matches!(p, Place::Mask { .. }));
        if let Some(a) = index[own].iter().skip(truths).find(|a| !a.ty.dtype.is_int()) {
            return Err(format!("indices are integers, not {}", a.ty.dtype));
        }
    }
    let rank = |k: usize| index.get(k).map_or(0, |a| a.ty.rank());
    let separated = separated(places, &rank);
    let (mut dims, mut axis, mut at) = (Vec::new(), 0, 0);
    let mut joint: Option<(usize, Shape)> = None;
    for p in places {
        if *p == Place::Item(IndexItem::NewAxis) {
            dims.push(Dim::ONE);
            continue;
        }
        let Some(d) = of.dims().get(axis) else {
            return Err(format!("too many indices for rank {}", of.rank()));
        };
        axis += 1;
        match p {
            Place::Item(IndexItem::Slice { start, stop, step }) => dims.push(d.slice(*start, *stop, *step)),
            Place::Item(_) => {}
            Place::Between { start, stop, step, length } => {
                if *step == 0 {
                    return Err("a slice cannot have step 0".into());
                }
                if (0..bounds(*start, *stop)).any(|k| rank(at + k) > 0) {
                    return Err("the bounds of a slice are numbers".into());
                }
                dims.push(length.clone());
            }
            Place::Strided { length, .. } => {
                if (0..p.operands()).any(|k| rank(at + k) > 0) {
                    return Err("the bounds and the stride of a slice are numbers".into());
                }
                dims.push(length.clone());
            }
            Place::Operand if rank(at) == 0 => {}
            Place::Operand | Place::Mask { .. } => {
                let own = match p {
                    Place::Mask { axes, length } => {
                        masked(of, axis - 1, *axes, index[at].ty)?;
                        axis += axes - 1;
                        Shape::new([length.clone()])
                    }
                    _ => index[at].ty.shape.clone(),
                };
                joint = Some(match joint {
                    None => (if separated { 0 } else { dims.len() }, own),
                    Some((k, s)) => (k, s.broadcast(&own).map_err(|e| e.to_string())?),
                });
            }
        }
        at += p.operands();
    }
    dims.extend(of.dims()[axis..].iter().cloned());
    if let Some((k, s)) = joint {
        dims.splice(k..k, s.dims().iter().cloned());
    }
    Ok(Shape::new(dims))
}

/// NumPy puts the axes of arrays first where a slice separates one from a number or another array.
pub(super) fn separated(places: &[Place], rank: &dyn Fn(usize) -> usize) -> bool {
    let (mut at, mut arrays) = (0, false);
    let mut single = Vec::new();
    for p in places {
        single.push(match p {
            Place::Operand => Some(rank(at) > 0),
            Place::Mask { .. } => Some(true),
            Place::Item(IndexItem::At(_)) => Some(false),
            _ => None,
        });
        arrays |= single.last() == Some(&Some(true));
        at += p.operands();
    }
    let first = single.iter().position(Option::is_some).unwrap_or(0);
    let last = single.iter().rposition(Option::is_some).map_or(0, |k| k + 1);
    arrays && single[first..last].contains(&None)
}

/// Do truth values stand for these axes?
fn masked(of: &Shape, axis: usize, axes: usize, mask: &Ty) -> Result<(), String> {
    let own = of.dims().get(axis..axis + axes).ok_or("the truth values have too many axes")?;
    let clash = |(m, n): (&Dim, &Dim)| matches!((m.known(), n.known()), (Some(m), Some(n)) if m != n);
    if mask.dtype != DType::Bool || mask.rank() != axes || axes == 0 {
        return Err(format!("{axes} axes are chosen from by truth values, not {mask}"));
    }
    match mask.shape.dims().iter().zip(own).any(clash) {
        true => {
            Err(format!("truth values of {} for axes of {}", mask.shape, Shape::new(own.iter().cloned())))
        }
        false => Ok(()),
    }
}

/// Reading: an array, and the operands of the index.
pub(super) fn read_type(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    Ok(Ty::new(args[0].ty.dtype, read_shape(&args[0].ty.shape, places(attr)?, &args[1..])?))
}

/// Writing: an array, what is written, and the operands of the index.
pub(super) fn write_type(args: &[Arg<'_>], attr: &Attr) -> TyResult {
    let hole = read_shape(&args[0].ty.shape, places(attr)?, &args[2..])?;
    super::types::fits_into(&args[1].ty.shape, &hole)?;
    Ok(Ty::new(super::types::joint_dtype(&args[..2]), args[0].ty.shape.clone()))
}
