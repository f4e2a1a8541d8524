//! Random extraction problems from a seed, for the tests and benches of extraction.

use egrad::extract::{Node, Problem};
use smallvec::SmallVec;

/// Splitmix64, apart from the library's own, so that a change there does not change the problems.
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * u64::from(n)) >> 32) as u32
    }
}

/// What a random problem looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Classes.
    pub(crate) classes: u32,
    /// Nodes beyond one per class.
    pub(crate) extra: u32,
    /// How far operands reach, in class numbers: small is deep, large is flat and shared.
    pub(crate) reach: u32,
    /// Of 100 extra nodes, how many may use any class near, hence close cycles.
    pub(crate) cyclic: u32,
    /// Of 100 nodes, how many cost an infinity.
    pub(crate) infinite: u32,
    pub(crate) roots: u32,
}

/// A problem: class 0.. are leaves; the first node of a class uses lower classes only, so a term exists.
pub(crate) fn random(shape: Shape, seed: u64) -> Problem {
    let mut r = Seed(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ u64::from(shape.classes));
    let leaves = (shape.classes / 8).max(1);
    let mut nodes: Vec<Node> = Vec::new();
    let cost = |r: &mut Seed| {
        if r.below(100) < shape.infinite {
            return f64::INFINITY;
        }
        match r.below(10) {
            0 => 0.0,
            1..=2 => f64::from(10 + r.below(30)),
            3..=6 => 1.0,
            _ => f64::from(1 + r.below(1000)) / 100.0,
        }
    };
    for class in 0..shape.classes {
        let arity = if class < leaves { 0 } else { 1 + r.below(2) };
        let low = class.saturating_sub(shape.reach);
        let children: SmallVec<[u32; 3]> = (0..arity).map(|_| low + r.below(class - low)).collect();
        let cost = cost(&mut r);
        nodes.push(Node { class, cost, children });
    }
    for _ in 0..shape.extra {
        let class = leaves.min(shape.classes - 1) + r.below((shape.classes - leaves).max(1));
        let arity = 1 + r.below(3);
        let near = r.below(100) < shape.cyclic;
        let low = class.saturating_sub(shape.reach);
        let high = if near { (class + shape.reach / 2 + 2).min(shape.classes) } else { class.max(low + 1) };
        let children = (0..arity).map(|_| low + r.below(high - low)).collect();
        let cost = cost(&mut r);
        nodes.push(Node { class, cost, children });
    }
    let mut roots = vec![shape.classes - 1];
    roots.extend((1..shape.roots).map(|_| r.below(shape.classes)));
    Problem::new(shape.classes as usize, nodes, roots).unwrap()
}

/// Shapes of about this many nodes: trees, shared, cyclic, mixed.
pub(crate) fn shapes(nodes: u32) -> [Shape; 6] {
    let half = nodes / 2;
    let base = Shape { classes: half, extra: half, reach: 8, cyclic: 0, infinite: 0, roots: 1 };
    [
        base,
        Shape { reach: 30, ..base },
        Shape { cyclic: 50, ..base },
        Shape { cyclic: 90, reach: 20, ..base },
        Shape { classes: nodes / 4, extra: 3 * (nodes / 4), cyclic: 60, reach: 12, roots: 3, ..base },
        Shape { classes: nodes / 3, extra: 2 * (nodes / 3), cyclic: 30, reach: 40, roots: 4, ..base },
    ]
}
