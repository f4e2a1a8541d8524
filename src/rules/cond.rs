//! The closed table of conditions. A condition that is not proved is false.

use super::attr_fn::{puts_back, without_leading};
use crate::facts::Facts;
use crate::op::{Attr, AttrKind, IndexItem, is_small_whole};
use crate::ty::DType;

/// What a condition or an attribute function sees of a variable.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Facts of a value.
    Value(&'a Facts),
    /// An attribute.
    Attr(&'a Attr),
}

impl<'a> Known<'a> {
    /// The facts, for a value.
    pub fn value(self) -> Option<&'a Facts> {
        if let Known::Value(f) = self { Some(f) } else { None }
    }

    /// The attribute, for an attribute.
    pub fn attr(self) -> Option<&'a Attr> {
        if let Known::Attr(a) = self { Some(a) } else { None }
    }
}

/// A condition.
#[derive(Debug)]
pub struct Condition {
    /// Its name in rule files.
    pub name: &'static str,
    /// Number of variables.
    pub arity: usize,
    /// The kinds of the first of them, where they stand for attributes; the rest are values.
    pub attrs: &'static [AttrKind],
    /// What it says, as a clause.
    pub doc: &'static str,
    /// Is it certain, from facts alone?
    pub proved: fn(&[Known<'_>]) -> bool,
    /// For a condition on the value of its only variable: does an element satisfy it? The checker
    /// samples only what does. `None` for conditions on types, which facts decide.
    pub holds: Option<fn(f64) -> bool>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        self.name == other.name
    }
}

macro_rules! value_condition {
    ($name:literal, $doc:literal, $proved:expr, $holds:expr) => {
        Condition {
            name: $name,
            arity: 1,
            attrs: &[],
            doc: $doc,
            proved: |k| {
                let p: fn(&Facts) -> bool = $proved;
                k.first().and_then(|k| k.value()).is_some_and(p)
            },
            holds: Some($holds),
        }
    };
}

macro_rules! type_condition {
    ($name:literal, $doc:literal, $proved:expr) => {
        Condition {
            name: $name,
            arity: 1,
            attrs: &[],
            doc: $doc,
            proved: |k| {
                let p: fn(&Facts) -> bool = $proved;
                k.first().and_then(|k| k.value()).is_some_and(p)
            },
            holds: None,
        }
    };
}

#[allow(clippy::float_cmp, reason = "integers are meant exactly")]
static CONDITIONS: &[Condition] = &[
    value_condition!("positive", "every element is above zero over the reals", Facts::positive, |x| x > 0.0),
    value_condition!("negative", "every element is below zero over the reals", Facts::negative, |x| x < 0.0),
    value_condition!("nonneg", "no element is below zero", Facts::nonneg, |x| x >= 0.0),
    value_condition!("nonpos", "no element is above zero", Facts::nonpos, |x| x <= 0.0),
    value_condition!("nonzero", "no element is zero over the reals", Facts::is_nonzero, |x| x != 0.0),
    value_condition!("integral", "every element is an integer", |f| f.integral, |x| x.fract() == 0.0),
    value_condition!("above-minus-one", "every element is above -1", |f| f.range.lo > -1.0, |x| x > -1.0),
    value_condition!(
        "truth",
        "every element is 0 or 1",
        |f| f.ty.dtype == DType::Bool || f.integral && f.range.lo >= 0.0 && f.range.hi <= 1.0,
        |x| x == 0.0 || x == 1.0
    ),
    value_condition!(
        "even",
        "a constant even integer",
        |f| f.constant.is_some_and(|c| c % 2.0 == 0.0),
        |x| x % 2.0 == 0.0
    ),
    value_condition!(
        "odd",
        "a constant odd integer",
        |f| f.constant.is_some_and(|c| (c % 2.0).abs() == 1.0),
        |x| (x % 2.0).abs() == 1.0
    ),
    value_condition!("whole", "a constant integer", |f| f.constant.is_some_and(|c| c.fract() == 0.0), |x| x
        .fract()
        == 0.0),
    value_condition!(
        "small-whole",
        "a constant integer from 3 to 16",
        |f| f.constant.is_some_and(is_small_whole),
        is_small_whole
    ),
    type_condition!("scalar", "it has no axes", |f| f.ty.rank() == 0),
    type_condition!("float", "its elements are floats", |f| f.ty.dtype.is_float()),
    type_condition!("bool", "its elements are truth values", |f| f.ty.dtype == DType::Bool),
    type_condition!("constant", "it is a constant", |f| f.constant.is_some()),
    type_condition!("vector", "it has one axis", |f| f.ty.rank() == 1),
    type_condition!("matrix", "it has two axes", |f| f.ty.rank() == 2),
    type_condition!("square", "it has two axes, known to be of one length", |f| {
        matches!(f.ty.shape.dims(), [m, n] if m == n)
    }),
    type_condition!("column", "it has two axes, the second of length 1", |f| {
        f.ty.rank() == 2 && f.ty.shape.dims()[1].is_one()
    }),
    type_condition!("row", "it has two axes, the first of length 1", |f| {
        f.ty.rank() == 2 && f.ty.shape.dims()[0].is_one()
    }),
    Condition {
        name: "has-lengths",
        arity: 2,
        attrs: &[AttrKind::Dims],
        doc: "the value has these lengths",
        proved: |k| matches!(k, [Known::Attr(Attr::Dims(d)), Known::Value(x)] if **d == *x.ty.shape.dims()),
        holds: None,
    },
    Condition {
        name: "keeps-axes",
        arity: 2,
        attrs: &[AttrKind::Perm],
        doc: "the dimshuffle leaves the value as it is",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Perm(p)), Known::Value(x)]
                if p.len() == x.ty.rank() && p.iter().enumerate().all(|(i, a)| *a == Some(i)))
        },
        holds: None,
    },
    Condition {
        name: "puts-back",
        arity: 3,
        attrs: &[AttrKind::Perm, AttrKind::Axes],
        doc: "the dimshuffle puts the axes that were reduced in the value back, with length 1",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Perm(p)), Known::Attr(a), Known::Value(x)]
                if puts_back(&a.axes(x.ty.rank()), x.ty.rank()) == *p)
        },
        holds: None,
    },
    Condition {
        name: "lines-up",
        arity: 3,
        attrs: &[AttrKind::Perm, AttrKind::Axes],
        doc: "the dimshuffle lines what remains of the value when the axes are reduced up with the value",
        proved: |k| {
            let [Known::Attr(Attr::Perm(p)), Known::Attr(a), Known::Value(x)] = k else { return false };
            let back = puts_back(&a.axes(x.ty.rank()), x.ty.rank());
            p.len() <= back.len() && without_leading(p) == without_leading(&back)
        },
        holds: None,
    },
    Condition {
        name: "leading-axes",
        arity: 2,
        attrs: &[AttrKind::Axes],
        doc: "the axes are the first of the value",
        proved: |k| {
            let [Known::Attr(a), Known::Value(x)] = k else { return false };
            let axes = a.axes(x.ty.rank());
            (0..axes.len()).all(|i| axes.contains(&i))
        },
        holds: None,
    },
    Condition {
        name: "constant-along",
        arity: 3,
        attrs: &[AttrKind::Axes],
        doc: "along these axes of the second value the first, which broadcasts against it, does not vary",
        proved: |k| {
            let [Known::Attr(axes), Known::Value(c), Known::Value(x)] = k else { return false };
            let Some(lead) = x.ty.rank().checked_sub(c.ty.rank()) else { return false };
            let one = |a: usize| c.ty.shape.dims().get(a).is_some_and(crate::ty::Dim::is_one);
            axes.axes(x.ty.rank()).iter().all(|a| a.checked_sub(lead).is_none_or(one))
        },
        holds: None,
    },
    Condition {
        name: "all-axes",
        arity: 2,
        attrs: &[AttrKind::Axes],
        doc: "the axes are all that the value has",
        proved: |k| matches!(k, [Known::Attr(a), Known::Value(x)] if a.axes(x.ty.rank()).len() == x.ty.rank()),
        holds: None,
    },
    Condition {
        name: "covers",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Dims],
        doc: "the axes are all that something with these lengths has",
        proved: |k| matches!(k, [Known::Attr(a), Known::Attr(Attr::Dims(d))] if a.axes(d.len()).len() == d.len()),
        holds: None,
    },
    Condition {
        name: "removes",
        arity: 2,
        attrs: &[AttrKind::Axes, AttrKind::Axis],
        doc: "the axis is among the axes",
        proved: |k| matches!(k, [Known::Attr(Attr::Axes(all)), Known::Attr(Attr::Axis(a))] if all.contains(a)),
        holds: None,
    },
    Condition {
        name: "takes-all",
        arity: 2,
        attrs: &[AttrKind::Index],
        doc: "the index takes every element of the value in its place",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Index(items)), Known::Value(x)]
                if super::index::takes_all(items, x.ty.shape.dims()))
        },
        holds: None,
    },
    Condition {
        name: "at-most",
        arity: 2,
        attrs: &[],
        doc: "no element of the first is above one of the second",
        proved: |k| {
            let number = |f: &Facts| !f.constant.is_some_and(f64::is_nan);
            matches!(k, [Known::Value(a), Known::Value(b)]
                if number(a) && number(b) && a.range.hi <= b.range.lo)
        },
        holds: None,
    },
    Condition {
        name: "takes-rows",
        arity: 1,
        attrs: &[AttrKind::Index],
        doc: "the index concerns the first axis only",
        proved: |k| matches!(k, [Known::Attr(Attr::Index(i))] if i.len() == 1 && i[0] != IndexItem::NewAxis),
        holds: None,
    },
    Condition {
        name: "keeps-order",
        arity: 1,
        attrs: &[AttrKind::Perm],
        doc: "the dimshuffle leaves the elements in their row-major order",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Perm(p))]
                if p.iter().flatten().zip(p.iter().flatten().skip(1)).all(|(a, b)| a < b))
        },
        holds: None,
    },
    Condition {
        name: "adds-leading-axes",
        arity: 2,
        attrs: &[AttrKind::Perm],
        doc: "the dimshuffle only adds axes in front of those of the value",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Perm(p)), Known::Value(x)]
            if p.len().checked_sub(x.ty.rank()).is_some_and(|lead| {
                p.iter().enumerate().all(|(i, a)| *a == i.checked_sub(lead))
            }))
        },
        holds: None,
    },
    Condition {
        name: "appends-axis",
        arity: 2,
        attrs: &[AttrKind::Perm],
        doc: "the dimshuffle only adds one axis behind those of the value",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Perm(p)), Known::Value(x)]
            if p.split_last().is_some_and(|(last, own)| {
                last.is_none()
                    && own.len() == x.ty.rank()
                    && own.iter().enumerate().all(|(i, a)| *a == Some(i))
            }))
        },
        holds: None,
    },
    Condition {
        name: "behind",
        arity: 2,
        attrs: &[AttrKind::Axes],
        doc: "there is one axis, the one behind those of the value",
        proved: |k| matches!(k, [Known::Attr(Attr::Axes(a)), Known::Value(x)] if a.as_slice() == [x.ty.rank()]),
        holds: None,
    },
    Condition {
        name: "one-per-row",
        arity: 2,
        attrs: &[],
        doc: "the first has one element for each row of the second along its last axis",
        proved: |k| {
            matches!(k, [Known::Value(y), Known::Value(x)]
                if x.ty.shape.dims().split_last().is_some_and(|(_, rows)| rows == y.ty.shape.dims()))
        },
        holds: None,
    },
    Condition {
        name: "square-together",
        arity: 2,
        attrs: &[],
        doc: "the first has as many rows as the second has columns",
        proved: |k| {
            matches!(k, [Known::Value(a), Known::Value(b)]
                if a.ty.shape.dims().first() == b.ty.shape.dims().last() && a.ty.rank() > 0)
        },
        holds: None,
    },
    Condition {
        name: "row-of",
        arity: 2,
        attrs: &[],
        doc: "the first has one axis, as long as the last of the second",
        proved: |k| {
            matches!(k, [Known::Value(z), Known::Value(x)]
                if z.ty.rank() == 1 && x.ty.shape.dims().last() == z.ty.shape.dims().first())
        },
        holds: None,
    },
    Condition {
        name: "lengths-of-rows",
        arity: 2,
        attrs: &[AttrKind::Dims],
        doc: "the value has these lengths before its last axis",
        proved: |k| {
            matches!(k, [Known::Attr(Attr::Dims(d)), Known::Value(x)]
                if x.ty.shape.dims().split_last().is_some_and(|(_, rows)| rows == d.as_slice()))
        },
        holds: None,
    },
    Condition {
        name: "at-least-as-many-axes",
        arity: 2,
        attrs: &[],
        doc: "the first has no fewer axes than the second",
        proved: |k| matches!(k, [Known::Value(a), Known::Value(b)] if a.ty.rank() >= b.ty.rank()),
        holds: None,
    },
    Condition {
        name: "different",
        arity: 2,
        attrs: &[],
        doc: "the two are not known to be one value",
        // One class has one place for its facts.
        proved: |k| matches!(k, [Known::Value(a), Known::Value(b)] if !std::ptr::eq(*a, *b)),
        holds: None,
    },
    Condition {
        name: "differ-beside-number",
        arity: 3,
        attrs: &[],
        doc: "the first two are not known to be one value, or the third is no constant",
        proved: |k| {
            // What is known of one value stands in one place.
            matches!(k, [Known::Value(a), Known::Value(b), Known::Value(x)]
                if !std::ptr::eq(*a, *b) || x.constant.is_none())
        },
        holds: None,
    },
    Condition {
        name: "same-shape",
        arity: 2,
        attrs: &[],
        doc: "both have one shape",
        proved: |k| matches!(k, [Known::Value(a), Known::Value(b)] if a.ty.shape == b.ty.shape),
        holds: None,
    },
    Condition {
        name: "broadcasts-to",
        arity: 2,
        attrs: &[],
        doc: "the first broadcasts to the shape of the second",
        proved: |k| {
            matches!(k, [Known::Value(a), Known::Value(b)]
                if a.ty.shape.broadcast(&b.ty.shape).is_ok_and(|s| s == b.ty.shape)
                    && b.ty.shape.broadcast(&a.ty.shape).is_ok_and(|s| s == b.ty.shape))
        },
        holds: None,
    },
];

/// Every condition.
pub fn conditions() -> &'static [Condition] {
    CONDITIONS
}

/// The condition called `name`.
pub fn condition(name: &str) -> Option<&'static Condition> {
    CONDITIONS.iter().find(|c| c.name == name)
}
