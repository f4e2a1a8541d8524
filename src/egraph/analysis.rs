//! Facts per e-class, and the detection of contradictions.

use std::sync::OnceLock;

use egg::{Analysis, DidMerge, EGraph, Id};
use quanta::Clock;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::lang::{EHead, ENode};
use crate::facts::{Facts, folded};
use crate::op::{Attr, AttrKind, Op};
use crate::ty::{DType, Dim, Ty};

/// What is known of a class.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// A value.
    Value {
        /// Its facts.
        facts: Facts,
        /// It depends on no input: it is computed once, when a function is made.
        closed: bool,
    },
    /// An attribute, by position.
    Attr(u32),
}

/// Tables that e-nodes refer to, and what went wrong.
#[derive(Debug, Default)]
pub(super) struct Facet {
    pub(super) attrs: Vec<Attr>,
    attr_ids: FxHashMap<Attr, u32>,
    pub(super) vars: Vec<Facts>,
    pub(super) sizes: Vec<Dim>,
    /// Classes that changed since this was last taken.
    pub(super) touched: Vec<Id>,
    /// Two facts that cannot both be true were merged.
    pub(super) conflict: Option<String>,
}

pub(super) type Graph = EGraph<ENode, Facet>;

/// Makes an e-graph whole again after unions. egg takes the time of that; its clock would calibrate itself at the first
/// reading, for longer than a small gradient takes. Ours stands still.
pub(super) fn rebuild(g: &mut Graph) {
    static STILL: OnceLock<Clock> = OnceLock::new();
    quanta::with_clock(STILL.get_or_init(|| Clock::mock().0), || g.rebuild());
}

impl Facet {
    pub(super) fn attr_id(&mut self, attr: &Attr) -> u32 {
        if let Some(&i) = self.attr_ids.get(attr) {
            return i;
        }
        let i = u32::try_from(self.attrs.len()).unwrap_or(u32::MAX);
        self.attrs.push(attr.clone());
        self.attr_ids.insert(attr.clone(), i);
        i
    }

    /// The number of an attribute that is known.
    pub(super) fn known_attr(&self, attr: &Attr) -> Option<u32> {
        self.attr_ids.get(attr).copied()
    }

    pub(super) fn size_id(&mut self, dim: &Dim) -> u32 {
        self.known_size(dim).unwrap_or_else(|| {
            self.sizes.push(dim.clone());
            u32::try_from(self.sizes.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The number of a length that is known.
    pub(super) fn known_size(&self, dim: &Dim) -> Option<u32> {
        self.sizes.iter().position(|d| d == dim).and_then(|i| u32::try_from(i).ok())
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.conflict.is_none() {
            self.conflict = Some(what());
        }
    }
}

/// The facts of a class of values.
pub(super) fn facts(g: &Graph, id: Id) -> Option<&Facts> {
    match &g[id].data {
        Data::Value { facts, .. } => Some(facts),
        Data::Attr(_) => None,
    }
}

/// The attribute of a class of attributes.
pub(super) fn attr(g: &Graph, id: Id) -> Option<&Attr> {
    match &g[id].data {
        Data::Attr(i) => g.analysis.attrs.get(*i as usize),
        Data::Value { .. } => None,
    }
}

/// The attribute and the operands of an application.
pub(super) fn split<'a>(g: &'a Graph, op: Op, args: &'a [Id]) -> (Attr, &'a [Id]) {
    match (op.def().attr, args) {
        (AttrKind::None, rest) => (Attr::None, rest),
        (_, [first, rest @ ..]) => (attr(g, *first).cloned().unwrap_or_default(), rest),
        (_, []) => (Attr::None, &[]),
    }
}

impl Analysis<ENode> for Facet {
    type Data = Data;

    fn make(g: &mut Graph, node: &ENode, _: Id) -> Data {
        let value = |facts, closed| Data::Value { facts, closed };
        match node.head {
            EHead::Const(bits) => value(Facts::constant(f64::from_bits(bits)), true),
            EHead::Int(d, x) => value(Facts::integer(d, x), true),
            EHead::Var(v) => match g.analysis.vars.get(v as usize) {
                Some(f) => value(f.clone(), false),
                None => value(Facts::var(Ty::scalar(DType::F64)), false),
            },
            EHead::Size(_) => value(Facts::length(), false),
            EHead::Attr(i) => Data::Attr(i),
            EHead::Op(op) => {
                let (made, closed) = {
                    let (attr, args) = split(g, op, &node.args);
                    let of: SmallVec<[&Facts; 3]> = args.iter().filter_map(|&a| facts(g, a)).collect();
                    let closed = attr.is_closed()
                        && args.iter().all(|&a| matches!(g[a].data, Data::Value { closed: true, .. }));
                    let mut made = Facts::of_op(op, &attr, &of);
                    if let Ok(f) = &mut made
                        && let Some(x) = folded(op, &f.ty, &of)
                    {
                        f.constant = Some(x);
                        f.range = crate::op::Interval::point(x);
                        f.nonzero = x != 0.0;
                        f.integral = x.fract() == 0.0;
                    }
                    (made, closed)
                };
                match made {
                    Ok(f) => value(f, closed),
                    Err(e) => {
                        g.analysis.note(|| e.to_string());
                        value(Facts::var(Ty::scalar(DType::F64)), false)
                    }
                }
            }
        }
    }

    fn merge(&mut self, a: &mut Data, b: Data) -> DidMerge {
        let (both, other) = match (&*a, b) {
            (Data::Value { facts: f, closed: c }, Data::Value { facts: h, closed: d }) => match f.meet(&h) {
                Some(m) => (Data::Value { facts: m, closed: *c || d }, Data::Value { facts: h, closed: d }),
                None => {
                    self.note(|| format!("{} {:?} against {} {:?}", f.ty, f.constant, h.ty, h.constant));
                    return DidMerge(false, true);
                }
            },
            (Data::Attr(i), Data::Attr(j)) if *i == j => return DidMerge(false, false),
            (_, other) => {
                self.note(|| format!("an attribute against {other:?}"));
                return DidMerge(false, true);
            }
        };
        let changed = (both != *a, both != other);
        *a = both;
        DidMerge(changed.0, changed.1)
    }

    fn modify(g: &mut Graph, id: Id) {
        g.analysis.touched.push(id);
        let Some((constant, ty)) = facts(g, id).and_then(|f| Some((f.constant?, f.ty.clone()))) else {
            return;
        };
        let head = match ty.dtype {
            DType::F64 => {
                EHead::Const(if constant.is_nan() { f64::NAN.to_bits() } else { constant.to_bits() })
            }
            d if d.is_int() => EHead::Int(d, d.truncate(constant)),
            _ => return,
        };
        let number = g.add(ENode::leaf(head));
        let same = if ty.rank() == 0 { number } else { broadcast(g, number, &ty) };
        g.union(id, same);
        without_arithmetic(g, id, constant);
    }
}

/// Takes from a constant's class what computes it from constants: the number needs no such form, and rules
/// that see `3` as `1 + 2` and as `5 - 2` make more without end. What does not compute it stays, a
/// contradiction in the making: `0 / 0` where something says 1.
fn without_arithmetic(g: &mut Graph, id: Id, constant: f64) {
    let class = g.find(id);
    let arithmetic = |n: &ENode| {
        let EHead::Op(op) = n.head else { return false };
        // Numbers of a shape are broadcast numbers.
        if op == Op::broadcast() {
            return false;
        }
        let (attr, args) = split(g, op, &n.args);
        let of: SmallVec<[&Facts; 3]> = args.iter().filter_map(|&a| facts(g, a)).collect();
        if of.iter().any(|f| f.constant.is_none()) {
            return false;
        }
        let made = Facts::of_op(op, &attr, &of).ok().and_then(|f| folded(op, &f.ty, &of));
        made.is_some_and(|x| x.to_bits() == constant.to_bits())
    };
    let kept: Vec<ENode> = g[class].nodes.iter().filter(|n| !arithmetic(n)).cloned().collect();
    if kept.len() < g[class].nodes.len() {
        g[class].nodes = kept;
    }
}

/// A scalar class broadcast to a type: a movement that the table describes by its kernel.
pub(super) fn broadcast(g: &mut Graph, scalar: Id, ty: &Ty) -> Id {
    let attr = g.analysis.attr_id(&Attr::Dims(ty.shape.dims().to_vec()));
    let attr = g.add(ENode::leaf(EHead::Attr(attr)));
    g.add(ENode { head: EHead::Op(Op::broadcast()), args: SmallVec::from_slice(&[attr, scalar]) })
}
