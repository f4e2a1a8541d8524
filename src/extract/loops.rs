//! Rows that forbid a cycle: of the classes on it that are chosen, one has a node with no operand on it. It
//! looks at values of the program, never at the solver.

use crate::extract::presolve::Core;
use crate::extract::prune::Pruned;

/// `sum of coefficient * node >= at_least`.
pub(crate) struct Row {
    pub(crate) terms: Vec<(u32, f64)>,
    pub(crate) at_least: f64,
}

/// Rows per strongly connected set; more say nearly the same.
const PER_SET: usize = 12;

/// Adds the rows that `x` violates, one set for each cycle among the nodes whose value passes a threshold.
pub(crate) fn loop_rows(core: &Core, pruned: &Pruned, x: &[f64], threshold: f64, rows: &mut Vec<Row>) {
    let used = |n: &u32| pruned.keeps(*n) && x[*n as usize] > threshold;
    let set_of = components(core, used);
    let mut sets: Vec<Vec<u32>> = Vec::new();
    for (c, &s) in set_of.iter().enumerate() {
        if s as usize >= sets.len() {
            sets.resize(s as usize + 1, Vec::new());
        }
        sets[s as usize].push(c as u32);
    }
    for set in sets.iter().filter(|s| s.len() > 1) {
        let inside = |d: &u32| set.binary_search(d).is_ok();
        let leaves = |n: &u32| !core.children(*n).iter().any(inside);
        let kept = |c: u32| core.nodes(c).filter(|&n| pruned.keeps(n));
        let exits: Vec<u32> = set.iter().flat_map(|&c| kept(c).filter(leaves)).collect();
        let support: f64 = exits.iter().map(|&n| x[n as usize]).sum();
        for &c in set
            .iter()
            .filter(|&&c| kept(c).map(|n| x[n as usize]).sum::<f64>() > support + 1e-4)
            .take(PER_SET)
        {
            let mut terms: Vec<(u32, f64)> =
                exits.iter().filter(|&&n| core.class_of_node(n) != c).map(|&n| (n, 1.0)).collect();
            // The exits of the class itself stand on both sides.
            terms.extend(kept(c).filter(|n| !leaves(n)).map(|n| (n, -1.0)));
            rows.push(Row { terms, at_least: 0.0 });
        }
    }
}

/// The strongly connected component of each class, over the used nodes (Tarjan, without recursion).
fn components(core: &Core, used: impl Fn(&u32) -> bool) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let classes = core.num_classes();
    let mut start = vec![0_u32; classes + 1];
    let mut arcs = Vec::new();
    for c in 0..classes {
        for n in core.nodes(c as u32).filter(&used) {
            arcs.extend_from_slice(core.children(n));
        }
        start[c + 1] = arcs.len() as u32;
    }
    let mut at = start.clone();
    let (mut index, mut low, mut component) = (vec![NONE; classes], vec![0; classes], vec![NONE; classes]);
    let (mut open, mut path): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let (mut counter, mut found) = (0, 0);
    for root in 0..classes as u32 {
        if index[root as usize] == NONE {
            path.push(root);
        }
        while let Some(&c) = path.last() {
            let v = c as usize;
            if index[v] == NONE {
                (index[v], low[v]) = (counter, counter);
                counter += 1;
                open.push(c);
            }
            if at[v] < start[v + 1] {
                let d = arcs[at[v] as usize] as usize;
                if index[d] == NONE {
                    path.push(d as u32);
                    continue;
                }
                if component[d] == NONE {
                    low[v] = low[v].min(low[d]);
                }
                at[v] += 1;
                continue;
            }
            path.pop();
            if low[v] == index[v] {
                while let Some(d) = open.pop() {
                    component[d as usize] = found;
                    if d == c {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}
