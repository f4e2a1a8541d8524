//! Graphs made anew from others, node by node.

use smallvec::SmallVec;

use super::arena::{Graph, Head, Id};
use crate::expr::TypeError;

/// Of a node that is not made yet.
pub(crate) const NOWHERE: Id = Id::MAX;

impl Graph {
    /// A graph of this one's inputs alone.
    pub(crate) fn of_same_inputs(&self) -> Graph {
        let mut out = Graph::new();
        for (name, ty) in self.vars() {
            out.var(name, ty);
        }
        out
    }

    /// A node of another graph, over what its operands have become.
    ///
    /// # Errors
    /// The operands do not fit.
    pub(crate) fn copy(&mut self, from: &Graph, id: Id, at: &[Id]) -> Result<Id, TypeError> {
        let node = from.node(id);
        Ok(match node.head {
            Head::Const(bits) => self.lit(f64::from_bits(bits)),
            Head::Int(dtype, x) => self.int(dtype, x),
            Head::Size(s) => self.length(from.size(s)),
            Head::Var(v) => {
                let (name, ty) = &from.vars()[v as usize];
                self.var(name, ty)
            }
            Head::Op(op, attr) => {
                let args: SmallVec<[Id; 3]> = node.args.iter().map(|&a| at[a as usize]).collect();
                // Of graphs that are copies the attributes mostly have the same numbers.
                let wanted = from.attr(attr);
                let known = self.attrs().get(attr as usize) == Some(wanted);
                let attr = if known { attr } else { self.attr_id(wanted) };
                self.add_numbered(op, attr, &args)?
            }
        })
    }
}
