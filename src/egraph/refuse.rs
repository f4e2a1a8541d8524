//! Forms that are not to be taken again: what loses digits, as measured.

use rustc_hash::FxHashSet;

use super::compile::spellings;
use super::cost::CostModel;
use super::space::{Dense, Extracted, Space};
use crate::graph::{Graph, Id};

impl Space {
    /// Refuses from now on what is to blame in a form: of each node blamed, or of what it is made of, the first parts that
    /// the incumbent does not have. At most `most` of them, the first blamed first; false if there is nothing to refuse.
    pub(crate) fn refuse(
        &mut self,
        model: &CostModel,
        incumbent: &Graph,
        found: &Extracted,
        blamed: &[Id],
        most: usize,
    ) -> bool {
        let mut refused = FxHashSet::default();
        let dense = Dense::new(self, model);
        let Some(own) = dense.choice_of(self, incumbent) else { return false };
        let mut seen: FxHashSet<Id> = FxHashSet::default();
        let mut count = 0;
        for &first in blamed {
            let mut stack = vec![first];
            while let Some(id) = stack.pop() {
                let Some(&n) = found.picked.get(&id).filter(|_| seen.insert(id)) else { continue };
                let class = dense.problem.class_of(n);
                if own.node(class) != Some(n) {
                    spellings(&self.g, dense.nodes[n as usize], &mut refused);
                    count += 1;
                } else {
                    stack.extend(&found.graph.node(id).args);
                }
            }
            if count >= most {
                break;
            }
        }
        let known = self.refused.len();
        self.refused.extend(refused);
        self.refused.len() > known
    }
}
