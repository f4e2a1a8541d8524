//! Attributes: the static part of an operator application (axes, permutations, target types).

use std::cell::Cell;

use super::places::Place;
use crate::ty::{DType, Dim, Sym};

/// What an application carries beside its operands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Attr {
    /// Nothing.
    #[default]
    None,
    /// Axes of a reduction, ascending.
    Axes(Vec<usize>),
    /// All axes, none named: `sum(x)`, where `Axes([0])` of a vector is `Sum{0}(x)`.
    AllAxes,
    /// One axis.
    Axis(usize),
    /// One of the parts along an axis, counted from 0.
    Part(usize, usize),
    /// A dimshuffle: for each axis of the result the axis of the operand, or `None` for a new
    /// axis of length 1. Axes left out must have length 1.
    Perm(Vec<Option<usize>>),
    /// Lengths of a result.
    Dims(Vec<Dim>),
    /// An element type.
    DType(DType),
    /// A basic index.
    Index(Vec<IndexItem>),
    /// An index with operands.
    Places(Vec<Place>),
}

/// One entry of a basic index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexItem {
    /// One position, negative from the end; the axis disappears.
    At(i64),
    /// A slice with Python's meaning.
    Slice {
        /// First position.
        start: Option<i64>,
        /// End, exclusive.
        stop: Option<i64>,
        /// Stride, never 0.
        step: i64,
    },
    /// A new axis of length 1.
    NewAxis,
}

/// Which attribute an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttrKind {
    /// None.
    None,
    /// [`Attr::Axes`]: keyword `axis`, all axes when absent.
    Axes,
    /// [`Attr::Axis`].
    Axis,
    /// [`Attr::Part`]: keywords `axis` and `part`.
    Part,
    /// [`Attr::Perm`].
    Perm,
    /// [`Attr::Dims`].
    Dims,
    /// [`Attr::DType`].
    DType,
    /// [`Attr::Index`].
    Index,
    /// [`Attr::Places`].
    Places,
}

impl Attr {
    /// Does it name no symbolic length?
    pub fn is_closed(&self) -> bool {
        match self {
            Attr::Dims(dims) => dims.iter().all(|d| d.known().is_some()),
            Attr::Places(places) => places.iter().all(|p| match p {
                Place::Between { length, .. }
                | Place::Mask { length, .. }
                | Place::Strided { length, .. } => length.known().is_some(),
                _ => true,
            }),
            _ => true,
        }
    }

    /// Lengths of a result; none for what is no list of lengths.
    pub fn dims(&self) -> &[Dim] {
        match self {
            Attr::Dims(dims) => dims,
            _ => &[],
        }
    }

    /// This attribute with symbols of lengths replaced.
    pub fn substitute(&self, to: &dyn Fn(&Sym) -> Option<Dim>) -> Attr {
        match self {
            Attr::Dims(dims) => Attr::Dims(dims.iter().map(|d| d.substitute(to)).collect()),
            Attr::Places(places) => Attr::Places(places.iter().map(|p| p.substitute(to)).collect()),
            _ => self.clone(),
        }
    }

    /// Does a length in it follow from an integer that is computed first?
    pub(crate) fn is_ahead(&self) -> bool {
        let found = Cell::new(false);
        if matches!(self, Attr::Dims(_) | Attr::Places(_)) {
            self.substitute(&|s| {
                found.set(found.get() || s.made().is_some());
                None
            });
        }
        found.get()
    }

    /// Which kind it is.
    pub fn kind(&self) -> AttrKind {
        match self {
            Attr::None => AttrKind::None,
            Attr::Axes(_) | Attr::AllAxes => AttrKind::Axes,
            Attr::Axis(_) => AttrKind::Axis,
            Attr::Part(..) => AttrKind::Part,
            Attr::Perm(_) => AttrKind::Perm,
            Attr::Dims(_) => AttrKind::Dims,
            Attr::DType(_) => AttrKind::DType,
            Attr::Index(_) => AttrKind::Index,
            Attr::Places(_) => AttrKind::Places,
        }
    }

    /// As it is written in rules, where it can be: `(axes 0 1)`, `(perm 1 0)`.
    pub fn text(&self) -> String {
        let list = |head: &str, items: Vec<String>| {
            format!("({})", [vec![head.to_string()], items].concat().join(" "))
        };
        match self {
            Attr::None => String::new(),
            Attr::Axes(axes) => list("axes", axes.iter().map(usize::to_string).collect()),
            Attr::AllAxes => "(axes all)".into(),
            Attr::Axis(a) => format!("(axis {a})"),
            Attr::Part(a, k) => format!("(part {a} {k})"),
            Attr::Perm(perm) => {
                list("perm", perm.iter().map(|p| p.map_or("x".to_string(), |i| i.to_string())).collect())
            }
            Attr::Dims(dims) => list("dims", dims.iter().map(Dim::to_string).collect()),
            Attr::DType(d) => format!("(dtype {d})"),
            // Indexes with operands are no part of rules: they are made of others.
            Attr::Places(places) => list("places", vec![format!("{places:?}")]),
            Attr::Index(items) => {
                let opt = |v: &Option<i64>| v.map_or(String::new(), |v| v.to_string());
                let item = |i: &IndexItem| match i {
                    IndexItem::At(k) => k.to_string(),
                    IndexItem::NewAxis => "x".into(),
                    IndexItem::Slice { start, stop, step } => format!("{}:{}:{step}", opt(start), opt(stop)),
                };
                list("index", items.iter().map(item).collect())
            }
        }
    }

    /// The axes that a reduction of an operand of `rank` axes removes.
    pub fn axes(&self, rank: usize) -> Vec<usize> {
        match self {
            Attr::Axes(a) => a.clone(),
            Attr::AllAxes => (0..rank).collect(),
            _ => Vec::new(),
        }
    }
}
