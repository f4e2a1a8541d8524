//! What an e-graph holds already: look-ups that add nothing.

use egg::Id as EId;
use smallvec::SmallVec;

use super::analysis::{Graph as EG, facts};
use super::lang::{EHead, ENode};
use super::space::Space;
use crate::graph::{Graph, Head, Id};
use crate::op::{Attr, AttrKind, Op};
use crate::ty::Dim;

impl Space {
    /// Does it hold every node of a graph already, and are these pairs equal in it? Then a saturated
    /// e-graph has nothing to learn from them.
    pub(crate) fn holds(&self, graph: &Graph, pairs: &[(Id, Id)]) -> bool {
        let mut class_of: Vec<EId> = Vec::with_capacity(graph.len());
        for i in 0..graph.len() {
            let node = graph.node(u32::try_from(i).unwrap_or(u32::MAX));
            let class = match node.head {
                Head::Const(bits) => self.g.lookup(ENode::leaf(EHead::Const(bits))),
                Head::Int(d, x) => self.g.lookup(ENode::leaf(EHead::Int(d, x))),
                Head::Size(s) => known_length(&self.g, graph.size(s)),
                Head::Var(v) => self.g.lookup(ENode::leaf(EHead::Var(v))),
                Head::Op(op, attr) => {
                    let args: SmallVec<[EId; 3]> = node.args.iter().map(|&a| class_of[a as usize]).collect();
                    known_op(&self.g, op, graph.attr(attr), &args)
                }
            };
            let Some(class) = class else { return false };
            class_of.push(class);
        }
        pairs.iter().all(|&(a, b)| self.g.find(class_of[a as usize]) == self.g.find(class_of[b as usize]))
    }
}

/// The class of an application, if it is there.
fn known_op(g: &EG, op: Op, attr: &Attr, args: &[EId]) -> Option<EId> {
    match known_node(g, op, attr, args)? {
        Ok(node) => g.lookup(node),
        Err(id) => Some(id),
    }
}

/// The e-node of an application, or what it is, if a movement to the type it already has.
pub(super) fn known_node(g: &EG, op: Op, attr: &Attr, args: &[EId]) -> Option<Result<ENode, EId>> {
    let mut ids: SmallVec<[EId; 3]> = SmallVec::new();
    if op.def().attr != AttrKind::None {
        if let (Attr::Dims(dims), [x]) = (attr, args)
            && facts(g, *x).is_some_and(|f| f.ty.shape.dims() == dims.as_slice())
        {
            return Some(Err(*x));
        }
        let i = g.analysis.known_attr(attr)?;
        ids.push(g.lookup(ENode::leaf(EHead::Attr(i)))?);
    }
    ids.extend_from_slice(args);
    Some(Ok(ENode { head: EHead::Op(op), args: ids }))
}

/// The class of a length, if it is there.
fn known_length(g: &EG, dim: &Dim) -> Option<EId> {
    let head = match dim.known() {
        #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
        Some(n) => EHead::Const((n as f64).to_bits()),
        None => EHead::Size(g.analysis.known_size(dim)?),
    };
    g.lookup(ENode::leaf(head))
}
