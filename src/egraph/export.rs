//! A window's e-graph in the form of egraph-serialize.

use super::analysis::facts;
use super::cost::CostModel;
use super::lang::EHead;
use super::space::{Dense, Space, enode_cost};
use crate::extract::{Problem, serial};
use crate::graph::Graph;

impl Space {
    /// The e-graph in the form of egraph-serialize; `inputs` has the names of the inputs. A node that
    /// must not be taken is left out where its class has a term without such.
    pub(crate) fn serial(&self, model: &CostModel, inputs: &Graph) -> serial::EGraph {
        let dense = Dense::new(self, model);
        let problem = &dense.problem;
        let spared = spared(problem);
        let classes = 0..u32::try_from(problem.num_classes()).unwrap_or(u32::MAX);
        let kept: Vec<Vec<u32>> = classes
            .map(|c| {
                let all = problem.nodes_of(c).iter().copied();
                all.filter(|&n| !spared[c as usize] || problem.cost(n).is_finite()).collect()
            })
            .collect();
        let mut class_ids = vec![None; problem.num_classes()];
        for id in self.g.classes().map(|c| c.id) {
            if let Some(&class) = dense.index.get(&id) {
                class_ids[class as usize] = Some(id);
            }
        }
        let name = |class: u32, n: u32| format!("{class}.{n}");
        let first = |class: &u32| name(*class, kept[*class as usize].first().copied().unwrap_or_default());
        let mut out = serial::EGraph::default();
        for (class, nodes) in (0u32..).zip(&kept) {
            for &n in nodes {
                let of = dense.nodes[n as usize].zip(class_ids[class as usize]);
                // Where nothing else is left, it costs what it takes.
                let plain = || of.map_or(0.0, |(e, id)| enode_cost(&self.g, model, e, id));
                let cost = problem.cost(n);
                let node = serial::ENode {
                    op: dense.nodes[n as usize].map_or("common".into(), |e| self.label(e.head, inputs)),
                    children: problem.children(n).iter().map(first).collect(),
                    eclass: class.to_string(),
                    cost: if cost.is_finite() { cost } else { plain() },
                    subsumed: false,
                };
                out.nodes.push((name(class, n), node));
            }
        }
        out.root_eclasses = dense.roots.iter().map(u32::to_string).collect();
        for (class, id) in (0u32..).zip(&class_ids) {
            if let Some(f) = id.and_then(|id| facts(&self.g, id)) {
                let about = serde_json::json!({ "type": f.ty.to_string() });
                out.class_data.insert(class.to_string(), about);
            }
        }
        out
    }

    fn label(&self, head: EHead, inputs: &Graph) -> String {
        match head {
            EHead::Const(bits) => crate::expr::float_text(f64::from_bits(bits)),
            EHead::Int(_, x) => x.to_string(),
            EHead::Var(v) => inputs.vars().get(v as usize).map_or(String::new(), |(n, _)| n.to_string()),
            EHead::Size(i) => self.g.analysis.sizes[i as usize].to_string(),
            EHead::Attr(i) => self.g.analysis.attrs[i as usize].text(),
            EHead::Op(op) => op.def().name.to_string(),
        }
    }
}

/// Which classes have a term without a node that must not be taken.
fn spared(problem: &Problem) -> Vec<bool> {
    let classes = u32::try_from(problem.num_classes()).unwrap_or(u32::MAX);
    let mut out = vec![false; problem.num_classes()];
    loop {
        let mut changed = false;
        for class in 0..classes {
            let free = |&&n: &&u32| {
                problem.cost(n).is_finite() && problem.children(n).iter().all(|&c| out[c as usize])
            };
            if !out[class as usize] && problem.nodes_of(class).iter().any(|n| free(&n)) {
                out[class as usize] = true;
                changed = true;
            }
        }
        if !changed {
            return out;
        }
    }
}
