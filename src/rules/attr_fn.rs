//! The closed table of functions that compute attributes for the right side of a rule.

use super::cond::Known;
use crate::facts::Facts;
use crate::op::{Attr, AttrKind};
use crate::ty::Dim;

/// A function of variables whose value is an attribute. `None` means that the rule does not apply.
#[derive(Debug)]
pub struct AttrFn {
    /// Its name in rule files.
    pub name: &'static str,
    /// Number of variables.
    pub arity: usize,
    /// The kinds of the first of them, where they stand for attributes; the rest are values.
    pub attrs: &'static [AttrKind],
    /// The kind of attribute that it gives.
    pub gives: AttrKind,
    /// What it gives.
    pub doc: &'static str,
    /// The function.
    pub apply: fn(&[Known<'_>]) -> Option<Attr>,
}

impl PartialEq for AttrFn {
    fn eq(&self, other: &AttrFn) -> bool {
        self.name == other.name
    }
}

static FUNCTIONS: &[AttrFn] = &[
    AttrFn {
        name: "shape-of",
        arity: 1,
        attrs: &[],
        gives: AttrKind::Dims,
        doc: "the lengths of a value",
        apply: |k| Some(Attr::Dims(k.first()?.value()?.ty.shape.dims().to_vec())),
    },
    AttrFn {
        name: "axes-union",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Axes],
        gives: AttrKind::Axes,
        doc: "the axes of one reduction that does the second, then the first",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(outer)), Known::Attr(Attr::Axes(inner))] => {
                let mut all = inner.clone();
                all.extend(outer.iter().map(|&a| nth_outside(inner, a)));
                all.sort_unstable();
                Some(Attr::Axes(all))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "perm-compose",
        arity: 2,
        attrs: &[AttrKind::Perm, AttrKind::Perm],
        gives: AttrKind::Perm,
        doc: "one dimshuffle that does the second, then the first",
        apply: |k| match k {
            [Known::Attr(Attr::Perm(outer)), Known::Attr(Attr::Perm(inner))] => Some(Attr::Perm(
                outer.iter().map(|p| p.and_then(|a| inner.get(a).copied().flatten())).collect(),
            )),
            _ => None,
        },
    },
    AttrFn {
        name: "perm-kept",
        arity: 2,
        attrs: &[AttrKind::Axes],
        gives: AttrKind::Perm,
        doc: "the dimshuffle that puts axes back, with length 1, after they were reduced in the value",
        apply: |k| match k {
            [Known::Attr(a), Known::Value(x)] => {
                Some(Attr::Perm(puts_back(&a.axes(x.ty.rank()), x.ty.rank())))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "index-compose",
        arity: 2,
        attrs: &[AttrKind::Index, AttrKind::Index],
        gives: AttrKind::Index,
        doc: "one index that does the second, then the first",
        apply: |k| match k {
            [Known::Attr(Attr::Index(outer)), Known::Attr(Attr::Index(inner))] => {
                super::index::compose(outer, inner).map(Attr::Index)
            }
            _ => None,
        },
    },
    AttrFn {
        name: "perm-indexed",
        arity: 2,
        attrs: &[AttrKind::Index, AttrKind::Perm],
        gives: AttrKind::Perm,
        doc: "the dimshuffle without the new axes whose one element the index takes, where it takes all of the others",
        apply: |k| match k {
            [Known::Attr(Attr::Index(items)), Known::Attr(Attr::Perm(perm))] => {
                super::index::of_new_axes(items, perm).map(Attr::Perm)
            }
            _ => None,
        },
    },
    AttrFn {
        name: "index-first",
        arity: 4,
        attrs: &[AttrKind::Index, AttrKind::Axis],
        gives: AttrKind::Index,
        doc: "the index into the first of two values joined along an axis that an index into both is, when it stays there",
        apply: |k| index_of_part(k, false),
    },
    AttrFn {
        name: "index-last",
        arity: 4,
        attrs: &[AttrKind::Index, AttrKind::Axis],
        gives: AttrKind::Index,
        doc: "the index into the second of two values joined along an axis that an index into both is, when it stays there",
        apply: |k| index_of_part(k, true),
    },
    AttrFn {
        name: "axes-of",
        arity: 1,
        attrs: &[],
        gives: AttrKind::Axes,
        doc: "all axes of a value",
        apply: |k| Some(Attr::Axes((0..k.first()?.value()?.ty.rank()).collect())),
    },
    AttrFn {
        name: "axes-before",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Perm],
        gives: AttrKind::Axes,
        doc: "the axes of the operand of a dimshuffle that these axes of its result are, when no axis disappears otherwise",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(axes)), Known::Attr(Attr::Perm(perm))] => {
                let mut out: Vec<usize> =
                    axes.iter().filter_map(|&a| perm.get(a).copied().flatten()).collect();
                out.sort_unstable();
                Some(Attr::Axes(out))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "perm-after",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Perm],
        gives: AttrKind::Perm,
        doc: "the dimshuffle of what remains when axes of the result of a dimshuffle are reduced before it",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(axes)), Known::Attr(Attr::Perm(perm))] => {
                let gone: Vec<usize> = axes.iter().filter_map(|&a| perm.get(a).copied().flatten()).collect();
                let kept = perm.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, p)| *p);
                Some(Attr::Perm(
                    kept.map(|p| p.map(|a| a - gone.iter().filter(|&&g| g < a).count())).collect(),
                ))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "perm-without",
        arity: 3,
        attrs: &[AttrKind::Axes],
        gives: AttrKind::Perm,
        doc: "the dimshuffle that drops, from a value that broadcasts against another, the axes that are reduced in that other; all must have length 1",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(axes)), Known::Value(a), Known::Value(x)] => {
                perm_squeeze(axes, x.ty.rank(), a)
            }
            _ => None,
        },
    },
    AttrFn {
        name: "perm-inverse",
        arity: 1,
        attrs: &[AttrKind::Perm],
        gives: AttrKind::Perm,
        doc: "the inverse of a dimshuffle that only reorders",
        apply: |k| match k {
            [Known::Attr(Attr::Perm(perm))] => {
                let inverse = (0..perm.len()).map(|a| perm.iter().position(|p| *p == Some(a)));
                inverse.clone().all(|p| p.is_some()).then(|| Attr::Perm(inverse.collect()))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "perm-lift",
        arity: 3,
        attrs: &[AttrKind::Perm],
        gives: AttrKind::Perm,
        doc: "the dimshuffle of one operand when that of a broadcast result is applied to the operands",
        apply: |k| match k {
            [Known::Attr(Attr::Perm(perm)), Known::Value(a), Known::Value(whole)] => {
                let lead = whole.ty.rank().checked_sub(a.ty.rank())?;
                let moved: Vec<Option<usize>> =
                    perm.iter().map(|p| p.and_then(|i| i.checked_sub(lead))).collect();
                Some(Attr::Perm(moved))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "dims-without",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Dims],
        gives: AttrKind::Dims,
        doc: "the lengths that remain when axes are removed",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(axes)), Known::Attr(Attr::Dims(dims))] => {
                let kept = dims.iter().enumerate().filter(|(i, _)| !axes.contains(i));
                Some(Attr::Dims(kept.map(|(_, d)| d.clone()).collect()))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "dims-left",
        arity: 2,
        attrs: &[AttrKind::Axes],
        gives: AttrKind::Dims,
        doc: "the lengths of the value that remain when axes are removed",
        apply: |k| match k {
            [Known::Attr(a), Known::Value(x)] => {
                let axes = a.axes(x.ty.rank());
                let kept = x.ty.shape.dims().iter().enumerate().filter(|(i, _)| !axes.contains(i));
                Some(Attr::Dims(kept.map(|(_, d)| d.clone()).collect()))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "axis-left",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Axis],
        gives: AttrKind::Axis,
        doc: "the axis when other axes are removed",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(axes)), Known::Attr(Attr::Axis(a))] if !axes.contains(a) => {
                Some(Attr::Axis(a - axes.iter().filter(|b| *b < a).count()))
            }
            _ => None,
        },
    },
    AttrFn {
        name: "dims-shuffled",
        arity: 2,
        attrs: &[AttrKind::Perm, AttrKind::Dims],
        gives: AttrKind::Dims,
        doc: "the lengths after a dimshuffle of a value with these lengths",
        apply: |k| match k {
            [Known::Attr(Attr::Perm(perm)), Known::Attr(Attr::Dims(dims))] => {
                let length = |p: &Option<usize>| p.map_or(Some(Dim::ONE), |a| dims.get(a).cloned());
                perm.iter().map(length).collect::<Option<Vec<Dim>>>().map(Attr::Dims)
            }
            _ => None,
        },
    },
    AttrFn {
        name: "dims-of-product-left",
        arity: 2,
        attrs: &[AttrKind::Dims],
        gives: AttrKind::Dims,
        doc: "the lengths of the product of a matrix of these lengths and a matrix",
        apply: |k| match k {
            [Known::Attr(Attr::Dims(s)), Known::Value(x)] => match (s.as_slice(), x.ty.shape.dims()) {
                ([m, _], [_, n]) => Some(Attr::Dims(vec![m.clone(), n.clone()])),
                _ => None,
            },
            _ => None,
        },
    },
    AttrFn {
        name: "dims-of-product-right",
        arity: 2,
        attrs: &[AttrKind::Dims],
        gives: AttrKind::Dims,
        doc: "the lengths of the product of a matrix and a matrix of these lengths",
        apply: |k| match k {
            [Known::Attr(Attr::Dims(s)), Known::Value(x)] => match (s.as_slice(), x.ty.shape.dims()) {
                ([_, n], [m, _]) => Some(Attr::Dims(vec![m.clone(), n.clone()])),
                _ => None,
            },
            _ => None,
        },
    },
    AttrFn {
        name: "perm-squeeze",
        arity: 3,
        attrs: &[AttrKind::Axes, AttrKind::Dims],
        gives: AttrKind::Perm,
        doc: "the dimshuffle that drops, from a value that is broadcast to lengths, the axes of the result that are reduced; all must have length 1 or be missing",
        apply: |k| match k {
            [Known::Attr(Attr::Axes(axes)), Known::Attr(Attr::Dims(dims)), Known::Value(x)] => {
                perm_squeeze(axes, dims.len(), x)
            }
            _ => None,
        },
    },
];

fn index_of_part(k: &[Known<'_>], last: bool) -> Option<Attr> {
    let [Known::Attr(Attr::Index(items)), Known::Attr(Attr::Axis(a)), Known::Value(x), Known::Value(y)] = k
    else {
        return None;
    };
    let length = |f: &Facts| i64::try_from(f.ty.shape.dims().get(*a)?.known()?).ok();
    super::index::of_part(items, *a, length(x), length(y), last).map(Attr::Index)
}

/// The dimshuffle that drops, from a value that broadcasts to `rank` axes, those in `axes`.
fn perm_squeeze(axes: &[usize], rank: usize, x: &Facts) -> Option<Attr> {
    let lead = rank.checked_sub(x.ty.rank())?;
    let mut perm = Vec::new();
    for (i, d) in x.ty.shape.dims().iter().enumerate() {
        if !axes.contains(&(i + lead)) {
            perm.push(Some(i));
        } else if !d.is_one() {
            return None;
        }
    }
    Some(Attr::Perm(perm))
}

/// The dimshuffle to `rank` axes that puts back those that were reduced.
pub(super) fn puts_back(axes: &[usize], rank: usize) -> Vec<Option<usize>> {
    let mut next = 0..;
    (0..rank).map(|i| if axes.contains(&i) { None } else { next.next() }).collect()
}

/// A dimshuffle without the axes that it only adds in front, which broadcasting supplies.
pub(super) fn without_leading(perm: &[Option<usize>]) -> &[Option<usize>] {
    let lead = perm.iter().take_while(|p| p.is_none()).count();
    &perm[lead..]
}

/// The `n`-th axis that is not in `gone`.
fn nth_outside(gone: &[usize], n: usize) -> usize {
    let mut left = n;
    let mut axis = 0;
    loop {
        if !gone.contains(&axis) {
            if left == 0 {
                return axis;
            }
            left -= 1;
        }
        axis += 1;
    }
}

/// Every function.
pub fn attr_fns() -> &'static [AttrFn] {
    FUNCTIONS
}

/// The function called `name`.
pub fn attr_fn(name: &str) -> Option<&'static AttrFn> {
    FUNCTIONS.iter().find(|f| f.name == name)
}

/// Product of lengths, for rules that count elements.
pub(crate) fn count(dims: &[Dim]) -> Dim {
    Dim::product(dims.iter().cloned())
}
