//! Lengths of a window under names of their own, so that windows that differ only in what their
//! lengths are called are one.

use rustc_hash::FxHashMap;

use crate::egraph::CostModel;
use crate::op::Attr;
use crate::ty::{Dim, Shape, Sym, Ty};

/// What the numbered symbols of a window stand for in the whole; empty for a graph that keeps its names.
#[derive(Debug, Clone, Default)]
pub struct Lengths {
    whole: Vec<Sym>,
    numbers: FxHashMap<Sym, usize>,
}

impl Lengths {
    fn numbered(i: usize) -> Sym {
        Sym::new(&i.to_string(), "", i)
    }

    /// The number of a symbol.
    pub(super) fn number(&mut self, s: &Sym) -> usize {
        if let Some(&n) = self.numbers.get(s) {
            return n;
        }
        let n = self.whole.len();
        self.whole.push(s.clone());
        self.numbers.insert(s.clone(), n);
        n
    }

    /// A length of the whole as the window writes it.
    pub(super) fn inward(&mut self, dim: &Dim) -> Dim {
        if dim.known().is_some() {
            return dim.clone();
        }
        let mut syms = Vec::new();
        dim.syms(&mut syms);
        for s in &syms {
            self.number(s);
        }
        dim.substitute(&|s| Some(Dim::Sym(Lengths::numbered(*self.numbers.get(s)?))))
    }

    /// An attribute of the whole as the window writes it.
    pub(super) fn attr_inward(&mut self, attr: &Attr) -> Attr {
        match attr {
            Attr::Dims(dims) => Attr::Dims(dims.iter().map(|d| self.inward(d)).collect()),
            _ => attr.clone(),
        }
    }

    /// A type of the whole as the window writes it.
    pub(super) fn ty_inward(&mut self, ty: &Ty) -> Ty {
        Ty::new(ty.dtype, Shape::new(ty.shape.dims().iter().map(|d| self.inward(d))))
    }

    fn of(&self, s: &Sym) -> Option<Dim> {
        self.whole.get(s.axis()).map(|s| Dim::Sym(s.clone()))
    }

    /// A length of the window as the whole writes it.
    pub fn outward(&self, dim: &Dim) -> Dim {
        if self.whole.is_empty() { dim.clone() } else { dim.substitute(&|s| self.of(s)) }
    }

    /// An attribute of the window as the whole writes it.
    pub fn attr_outward(&self, attr: &Attr) -> Attr {
        if self.whole.is_empty() { attr.clone() } else { attr.substitute(&|s| self.of(s)) }
    }

    /// The assumed lengths, by the window's names.
    pub(super) fn model(&self, whole: &CostModel) -> CostModel {
        let assumed = |(i, s): (usize, &Sym)| Some((i.to_string(), *whole.lengths.get(s.name())?));
        CostModel {
            default_length: whole.default_length,
            lengths: self.whole.iter().enumerate().filter_map(assumed).collect(),
        }
    }
}
