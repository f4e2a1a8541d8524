//! Writes at slices of the first axis that are computed together with what they write.
//!
//! An array that starts as one and has others put, or added, at slices is one pass: the axis is cut at the ends
//! of the slices, and in each segment the elements that reach it are known. A *region* is such a result with
//! what is computed for it alone. Its *frames* are the coordinates in which members are computed: 0 is those
//! of the result, others those of a slice.

use smallvec::SmallVec;

use crate::graph::{Graph, Head, Id};
use crate::op::{Attr, IndexItem, Kernel};
use crate::ty::DType;

/// Slices of a region at most: each doubles the programs.
const SLICES: usize = 3;

/// Operators beyond this cost are stored rather than computed in several frames.
const DEAR: f64 = 6.0;

/// No region.
const NONE: u32 = u32::MAX;

/// A result and what is computed with it.
#[derive(Debug)]
pub(super) struct Region {
    /// The result.
    pub(super) root: Id,
    /// The writes; the frame of the first is 1.
    pub(super) writes: SmallVec<[Id; SLICES]>,
    /// Nodes and a bit for each frame in which they are computed, ascending.
    pub(super) members: Vec<(Id, u32)>,
}

/// The regions of a graph.
#[derive(Debug, Default)]
pub(super) struct Regions {
    regions: Vec<Region>,
    /// Region of each node; empty where there is none.
    of: Vec<u32>,
}

/// What the users of a node say of it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Users {
    None,
    /// All are in one region, in these frames.
    Region(u32, u32),
    Others,
}

impl Users {
    fn and(self, region: u32, frames: u32) -> Users {
        match self {
            Users::None => Users::Region(region, frames),
            Users::Region(r, f) if r == region => Users::Region(r, f | frames),
            _ => Users::Others,
        }
    }
}

/// The slice of the first axis at which a node writes one array into another.
pub(super) fn written_slice(graph: &Graph, id: Id) -> Option<&IndexItem> {
    let (op, attr, args) = graph.application(id)?;
    let Attr::Index(items) = attr else { return None };
    let [base, value] = args else { return None };
    let (ty, to) = (graph.ty(*value), graph.ty(id));
    let first = items.first().filter(|i| matches!(i, IndexItem::Slice { step: 1, .. }))?;
    let whole = IndexItem::Slice { start: None, stop: None, step: 1 };
    let fits = matches!(op.def().kernel, Kernel::IncAt | Kernel::SetAt)
        && items[1..].iter().all(|i| *i == whole)
        && to.dtype.is_float()
        && ty.dtype == to.dtype
        && graph.ty(*base).dtype == to.dtype
        && graph.ty(*base).shape == to.shape
        && ty.rank() == to.rank()
        && ty.shape.dims()[1..] == to.shape.dims()[1..]
        && !ty.shape.dims()[0].is_one();
    fits.then_some(first)
}

/// Is a node elementwise, over floats of one type and truth values?
fn elementwise(graph: &Graph, id: Id, dtype: DType) -> bool {
    let Some((op, _, args)) = graph.application(id) else { return false };
    let takes = match op.def().kernel {
        Kernel::Map1(_) => 1,
        Kernel::Map2(_) => 2,
        Kernel::Map3(_) => 3,
        _ => 0,
    };
    let fits = |id: Id| {
        let ty = graph.ty(id).dtype;
        ty == dtype || ty == DType::Bool || matches!(graph.node(id).head, Head::Const(_))
    };
    args.len() == takes && fits(id) && args.iter().all(|&a| fits(a))
}

impl Regions {
    /// Those among nodes in ascending order.
    pub(super) fn find(graph: &Graph, order: &[Id], roots: &[Id]) -> Regions {
        if !order.iter().any(|&id| written_slice(graph, id).is_some()) {
            return Regions::default();
        }
        let n = graph.len();
        let mut uses = vec![0u32; n];
        roots.iter().for_each(|&r| uses[r as usize] += 2);
        for &id in order {
            graph.node(id).args.iter().for_each(|&a| uses[a as usize] += 1);
        }
        let alike = |a: Id, b: Id| graph.ty(a).shape == graph.ty(b).shape;
        // Elementwise nodes that are computed from a write that nothing else reads.
        let mut from_write = vec![false; n];
        for &id in order {
            let dtype = graph.ty(id).dtype;
            let of_write = |&a: &Id| from_write[a as usize] && uses[a as usize] == 1 && alike(a, id);
            from_write[id as usize] = written_slice(graph, id).is_some()
                || dtype.is_float()
                    && elementwise(graph, id, dtype)
                    && graph.node(id).args.iter().any(of_write);
        }
        let mut users = vec![Users::None; n];
        roots.iter().for_each(|&r| users[r as usize] = Users::Others);
        let mut r = Regions { regions: Vec::new(), of: vec![NONE; n] };
        for &id in order.iter().rev() {
            let at = id as usize;
            let (region, frames) = r.place(graph, id, users[at], from_write[at]);
            r.of[at] = region;
            let args = &graph.node(id).args;
            if region == NONE {
                args.iter().for_each(|&a| users[a as usize] = Users::Others);
                continue;
            }
            let here = &mut r.regions[region as usize];
            here.members.push((id, frames));
            let value = written_slice(graph, id).map(|_| args[1]);
            for (k, &a) in args.iter().enumerate() {
                let user = &mut users[a as usize];
                *user = if value.is_some() && k == 1 {
                    user.and(region, 1 << here.writes.len())
                } else if alike(a, id) {
                    user.and(region, frames)
                } else {
                    Users::Others
                };
            }
        }
        r.regions.iter_mut().for_each(|region| region.members.reverse());
        r
    }

    /// The region of a node, and its frames in it.
    fn place(&mut self, graph: &Graph, id: Id, users: Users, from_write: bool) -> (u32, u32) {
        let write = written_slice(graph, id).is_some();
        if let Users::Region(region, frames) = users {
            let here = &mut self.regions[region as usize];
            let cost = graph.application(id).map_or(0.0, |(op, _, _)| op.def().cost);
            if write && frames == 1 && here.writes.len() < SLICES {
                here.writes.push(id);
                return (region, frames);
            }
            let joins = !write && elementwise(graph, id, graph.ty(here.root).dtype);
            if joins && (frames.count_ones() == 1 || cost <= DEAR) {
                return (region, frames);
            }
        }
        if !from_write || users == Users::None {
            return (NONE, 0);
        }
        let region = u32::try_from(self.regions.len()).unwrap_or(NONE);
        let writes = if write { [id].into_iter().collect() } else { SmallVec::new() };
        self.regions.push(Region { root: id, writes, members: Vec::new() });
        (region, 1)
    }

    /// The region of a node.
    pub(super) fn of(&self, id: Id) -> Option<&Region> {
        let region = *self.of.get(id as usize)?;
        self.regions.get(region as usize)
    }

    /// Is a node computed in the region of another?
    pub(super) fn inner(&self, id: Id) -> bool {
        self.of(id).is_some_and(|r| r.root != id)
    }

    /// The region whose result a node is.
    pub(super) fn at(&self, id: Id) -> Option<&Region> {
        self.of(id).filter(|r| r.root == id)
    }
}
