//! The arena.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use crate::expr::TypeError;
use crate::facts::{Facts, exact, fold_exact};
use crate::op::{Attr, Op};
use crate::ty::{DType, Dim, Ty};

/// A node of a [`Graph`].
pub type Id = u32;

/// What stands at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Head {
    /// An input, by position in [`Graph::vars`].
    Var(u32),
    /// A constant scalar double, by its bits.
    Const(u64),
    /// A constant scalar integer of an element type.
    Int(DType, i64),
    /// A length that is known when called, as a scalar; by position in the table of lengths.
    Size(u32),
    /// An operator and the position of its attribute.
    Op(Op, u32),
}

/// A node: head and operands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// What stands here.
    pub head: Head,
    /// Operands; smaller than the node's own id.
    pub args: SmallVec<[Id; 3]>,
}

fn hash(node: &Node) -> u64 {
    FxBuildHasher.hash_one(node)
}

/// Distinct terms in topological order, with their facts.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    facts: Vec<Facts>,
    /// Every node by what it is. Ids alone: large graphs are slow for their memory.
    memo: HashTable<Id>,
    vars: Vec<(Arc<str>, Ty)>,
    attrs: Vec<Attr>,
    attr_ids: FxHashMap<Attr, u32>,
    sizes: Vec<Dim>,
    var_ids: FxHashMap<Arc<str>, u32>,
    size_ids: FxHashMap<Dim, u32>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Has it no nodes?
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A node.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    /// Facts of a node.
    pub fn facts(&self, id: Id) -> &Facts {
        &self.facts[id as usize]
    }

    /// Type of a node.
    pub fn ty(&self, id: Id) -> &Ty {
        &self.facts[id as usize].ty
    }

    /// The inputs: name and type.
    pub fn vars(&self) -> &[(Arc<str>, Ty)] {
        &self.vars
    }

    /// All attributes, by the positions that heads name.
    pub(crate) fn attrs(&self) -> &[Attr] {
        &self.attrs
    }

    /// The attribute at a position that a head names.
    pub fn attr(&self, index: u32) -> &Attr {
        &self.attrs[index as usize]
    }

    /// The length at a position that a head names.
    pub fn size(&self, index: u32) -> &Dim {
        &self.sizes[index as usize]
    }

    /// The operator, attribute and operands of a node that is an application.
    pub fn application(&self, id: Id) -> Option<(Op, &Attr, &[Id])> {
        let node = self.node(id);
        match node.head {
            Head::Op(op, attr) => Some((op, self.attr(attr), &node.args)),
            _ => None,
        }
    }

    /// The integer, when the node is a constant of an integer type.
    pub fn integer(&self, id: Id) -> Option<i64> {
        match self.node(id).head {
            Head::Int(_, x) => Some(x),
            _ => None,
        }
    }

    /// Is the node a constant?
    pub fn is_constant(&self, id: Id) -> bool {
        matches!(self.node(id).head, Head::Const(_) | Head::Int(..))
    }

    /// The number, when the node is a constant double.
    pub fn constant(&self, id: Id) -> Option<f64> {
        match self.node(id).head {
            Head::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn push(&mut self, node: Node, facts: impl FnOnce() -> Facts) -> Id {
        let hash = hash(&node);
        match self.find(hash, &node) {
            Some(id) => id,
            None => self.push_new(hash, node, facts()),
        }
    }

    fn find(&self, hash: u64, node: &Node) -> Option<Id> {
        self.memo.find(hash, |&id| self.nodes[id as usize] == *node).copied()
    }

    /// A node that is not here yet.
    fn push_new(&mut self, hash_of_node: u64, node: Node, facts: Facts) -> Id {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        self.facts.push(facts);
        let nodes = &self.nodes;
        self.memo.insert_unique(hash_of_node, id, |&id| hash(&nodes[id as usize]));
        id
    }

    /// The input called `name`; a new one if there is none yet.
    pub fn var(&mut self, name: &str, ty: &Ty) -> Id {
        let index = self.var_ids.get(name).copied().unwrap_or_else(|| {
            let index = u32::try_from(self.vars.len()).unwrap_or(u32::MAX);
            let name: Arc<str> = name.into();
            self.vars.push((name.clone(), ty.clone()));
            self.var_ids.insert(name, index);
            index
        });
        let head = Head::Var(index);
        self.push(Node { head, args: SmallVec::new() }, || Facts::var(ty.clone()))
    }

    /// An input about which more is known than its type.
    pub fn var_with(&mut self, name: &str, facts: &Facts) -> Id {
        let id = self.var(name, &facts.ty);
        self.facts[id as usize] = facts.clone();
        id
    }

    /// A constant. NaNs are one number, zeros are two.
    pub fn lit(&mut self, x: f64) -> Id {
        let bits = if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
        self.push(Node { head: Head::Const(bits), args: SmallVec::new() }, || Facts::constant(x))
    }

    /// A constant integer, as its type holds it.
    pub fn int(&mut self, dtype: DType, x: i64) -> Id {
        let x = dtype.wrap(x);
        let head = Head::Int(dtype, x);
        self.push(Node { head, args: SmallVec::new() }, || Facts::integer(dtype, x))
    }

    /// A length as a scalar: a constant when it is a number.
    pub fn length(&mut self, dim: &Dim) -> Id {
        if let Some(n) = dim.known() {
            #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
            return self.lit(n as f64);
        }
        let index = self.size_ids.get(dim).copied().unwrap_or_else(|| {
            let index = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
            self.sizes.push(dim.clone());
            self.size_ids.insert(dim.clone(), index);
            index
        });
        let head = Head::Size(index);
        self.push(Node { head, args: SmallVec::new() }, Facts::length)
    }

    /// The position of an attribute.
    pub fn attr_id(&mut self, attr: &Attr) -> u32 {
        if let Some(&i) = self.attr_ids.get(attr) {
            return i;
        }
        let i = u32::try_from(self.attrs.len()).unwrap_or(u32::MAX);
        self.attrs.push(attr.clone());
        self.attr_ids.insert(attr.clone(), i);
        i
    }

    /// `op` applied to nodes. Constants fold where the result is exact and of moderate size;
    /// more than two operands of a folding operator become nested pairs.
    ///
    /// # Errors
    /// The operands do not fit.
    pub fn add(&mut self, op: Op, attr: &Attr, args: &[Id]) -> Result<Id, TypeError> {
        let attr = self.attr_id(attr);
        self.add_numbered(op, attr, args)
    }

    /// [`add`](Self::add) with the position of an attribute: who adds thousands looks it up once.
    ///
    /// # Errors
    /// The operands do not fit.
    pub(crate) fn add_numbered(&mut self, op: Op, attr: u32, args: &[Id]) -> Result<Id, TypeError> {
        if op.def().nests() && args.len() > 2 {
            let mut first = args[0];
            for &a in &args[1..] {
                first = self.add_numbered(op, attr, &[first, a])?;
            }
            return Ok(first);
        }
        if let Some(values) = args.iter().map(|&a| self.constant(a)).collect::<Option<SmallVec<[f64; 3]>>>()
            && let Some(x) = fold_exact(op, &values)
        {
            return Ok(self.lit(x));
        }
        let node = Node { head: Head::Op(op, attr), args: args.into() };
        let hash = hash(&node);
        if let Some(id) = self.find(hash, &node) {
            return Ok(id);
        }
        let facts = {
            let of: SmallVec<[&Facts; 3]> = args.iter().map(|&a| self.facts(a)).collect();
            Facts::of_op(op, self.attr(attr), &of)?
        };
        // A length is a double here already, and exact.
        if op == Op::conversion()
            && facts.ty.dtype.is_float()
            && let Some((inner, Attr::DType(DType::I64), &[length])) = self.application(args[0])
            && inner == Op::conversion()
            && matches!(self.node(length).head, Head::Size(_))
        {
            return if facts.ty.dtype == DType::F64 {
                Ok(length)
            } else {
                self.add_numbered(op, attr, &[length])
            };
        }
        // What is a single as it is computed here may be a double as it is typed, beside a literal that adapts.
        if op == Op::conversion() && facts.ty.dtype == DType::F32 && self.ty(args[0]).dtype == DType::F32 {
            return Ok(args[0]);
        }
        match self.folded(op, &facts.ty, args) {
            Some(number) => Ok(number),
            None => Ok(self.push_new(hash, node, facts)),
        }
    }

    /// The application of an operator without attribute, if it is here already.
    pub(crate) fn known(&self, op: Op, args: &[Id]) -> Option<Id> {
        let head = Head::Op(op, *self.attr_ids.get(&Attr::None)?);
        let node = Node { head, args: args.into() };
        self.find(hash(&node), &node)
    }

    /// The integer that an operator makes of constants, and a double made of an integer.
    fn folded(&mut self, op: Op, ty: &Ty, args: &[Id]) -> Option<Id> {
        if ty.rank() > 0 || !args.iter().all(|&a| self.is_constant(a)) {
            return None;
        }
        let whole: Option<SmallVec<[i64; 3]>> = args.iter().map(|&a| self.integer(a)).collect();
        match (whole, args) {
            (Some(x), _) if ty.dtype.is_int() => {
                let x = op.def().ints.value(&x)?;
                Some(self.int(ty.dtype, x))
            }
            (Some(x), [_]) if op == Op::conversion() && ty.dtype == DType::F64 => {
                let x = exact(x[0])?;
                Some(self.lit(x))
            }
            (None, &[x]) if op == Op::conversion() && ty.dtype.is_int() => {
                let x = ty.dtype.truncate(self.constant(x)?);
                Some(self.int(ty.dtype, x))
            }
            _ => None,
        }
    }

    /// Nodes that the roots reach, ascending.
    pub fn reachable(&self, roots: &[Id]) -> Vec<Id> {
        let mut seen = vec![false; self.len()];
        for &r in roots {
            seen[r as usize] = true;
        }
        for i in (0..self.len()).rev() {
            if seen[i] {
                for &a in &self.nodes[i].args {
                    seen[a as usize] = true;
                }
            }
        }
        (0..self.len()).filter(|&i| seen[i]).filter_map(|i| u32::try_from(i).ok()).collect()
    }
}
