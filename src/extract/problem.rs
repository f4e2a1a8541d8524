//! What an extractor is given: classes, nodes with costs and children, roots. It knows no expressions.

use crate::extract::score::Score;
use smallvec::SmallVec;
use std::fmt;

/// One way to compute a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The class this node belongs to.
    pub class: u32,
    /// What the node itself costs, without its children: not negative, not NaN. An infinite cost marks a
    /// node to be used only where nothing else exists.
    pub cost: f64,
    /// The classes of the operands, in order; repetitions count in tree costs and not in DAG costs.
    pub children: SmallVec<[u32; 3]>,
}

/// What is wrong with a problem or with a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtractError {
    /// A class number is not below the number of classes.
    ClassOutOfRange {
        /// The number.
        class: u32,
        /// The number of classes.
        classes: u32,
    },
    /// A cost is negative or NaN.
    BadCost {
        /// The node's index.
        node: u32,
    },
    /// More nodes or children than 32 bits can number.
    TooLarge,
    /// A root has no finite term: each of its nodes needs itself.
    NoTerm {
        /// The root.
        class: u32,
    },
    /// A choice is made for another number of classes.
    WrongSize {
        /// Classes of the choice.
        choice: usize,
        /// Classes of the problem.
        problem: usize,
    },
    /// A class that is needed has no node chosen.
    NotChosen {
        /// The class.
        class: u32,
    },
    /// The node chosen for a class belongs to another, or does not exist.
    ForeignNode {
        /// The class.
        class: u32,
        /// The node's index.
        node: u32,
    },
    /// The choice needs a class to compute that class.
    Cyclic {
        /// A class on the cycle.
        class: u32,
    },
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClassOutOfRange { class, classes } => {
                write!(f, "class {class} of {classes} does not exist")
            }
            Self::BadCost { node } => write!(f, "the cost of node {node} is negative or NaN"),
            Self::TooLarge => write!(f, "more than 2^32 - 2 nodes or children"),
            Self::NoTerm { class } => write!(f, "root class {class} has no finite term"),
            Self::WrongSize { choice, problem } => {
                write!(f, "the choice is for {choice} classes, the problem has {problem}")
            }
            Self::NotChosen { class } => write!(f, "class {class} is needed and has no node chosen"),
            Self::ForeignNode { class, node } => write!(f, "node {node} is not in class {class}"),
            Self::Cyclic { class } => write!(f, "class {class} is chosen through itself"),
        }
    }
}

impl std::error::Error for ExtractError {}

/// An extraction problem: choose a node for each needed class, so that the roots can be computed at the
/// least cost.
///
/// ```
/// use egrad::extract::{Budget, Node, Problem, by_name};
/// use smallvec::smallvec;
///
/// // f(x, x) or g(x), and x.
/// let nodes = vec![
///     Node { class: 0, cost: 3.0, children: smallvec![1, 1] },
///     Node { class: 0, cost: 2.0, children: smallvec![1] },
///     Node { class: 1, cost: 1.0, children: smallvec![] },
/// ];
/// let problem = Problem::new(2, nodes, vec![0])?;
/// let best = by_name("default").unwrap();
/// let outcome = (best.run)(&problem, None, &Budget::scaled(&problem))?;
/// assert_eq!(outcome.choice.node(0), Some(1));
/// assert_eq!(outcome.cost, 3.0);
/// # Ok::<(), egrad::extract::ExtractError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Problem {
    node_class: Vec<u32>,
    weight: Vec<Score>,
    child_start: Vec<u32>,
    child: Vec<u32>,
    member_start: Vec<u32>,
    member: Vec<u32>,
    roots: Vec<u32>,
}

impl Problem {
    /// Checks and stores a problem. The order of the nodes of one class is the canonical order, which decides
    /// between choices that are otherwise equal.
    ///
    /// # Errors
    ///
    /// A class number out of range, a cost that is negative or NaN, or more than 32 bits can number.
    pub fn new(num_classes: usize, nodes: Vec<Node>, roots: Vec<u32>) -> Result<Self, ExtractError> {
        let arcs: usize = nodes.iter().map(|n| n.children.len()).sum();
        let limit = u32::MAX as usize - 1;
        if num_classes > limit || nodes.len() > limit || arcs > limit {
            return Err(ExtractError::TooLarge);
        }
        let classes = num_classes as u32;
        let check = |class: u32| {
            if class < classes { Ok(()) } else { Err(ExtractError::ClassOutOfRange { class, classes }) }
        };
        let mut problem = Problem {
            node_class: Vec::with_capacity(nodes.len()),
            weight: Vec::with_capacity(nodes.len()),
            child_start: Vec::with_capacity(nodes.len() + 1),
            child: Vec::with_capacity(arcs),
            member_start: vec![0; num_classes + 1],
            member: vec![0; nodes.len()],
            roots,
        };
        problem.child_start.push(0);
        for (i, node) in nodes.into_iter().enumerate() {
            check(node.class)?;
            if !(node.cost >= 0.0) {
                return Err(ExtractError::BadCost { node: i as u32 });
            }
            for &c in &node.children {
                check(c)?;
            }
            problem.member_start[node.class as usize + 1] += 1;
            problem.node_class.push(node.class);
            problem.weight.push(Score::of_node(node.cost));
            problem.child.extend_from_slice(&node.children);
            problem.child_start.push(problem.child.len() as u32);
        }
        problem.roots.iter().try_for_each(|&r| check(r))?;
        for c in 0..num_classes {
            problem.member_start[c + 1] += problem.member_start[c];
        }
        let mut at = problem.member_start.clone();
        for (i, &c) in problem.node_class.iter().enumerate() {
            problem.member[at[c as usize] as usize] = i as u32;
            at[c as usize] += 1;
        }
        Ok(problem)
    }

    /// The number of classes.
    pub fn num_classes(&self) -> usize {
        self.member_start.len() - 1
    }

    /// The number of nodes.
    pub fn num_nodes(&self) -> usize {
        self.node_class.len()
    }

    /// The classes to be computed.
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// The nodes of a class, in canonical order.
    pub fn nodes_of(&self, class: u32) -> &[u32] {
        let c = class as usize;
        &self.member[self.member_start[c] as usize..self.member_start[c + 1] as usize]
    }

    /// The operands of a node.
    pub fn children(&self, node: u32) -> &[u32] {
        let n = node as usize;
        &self.child[self.child_start[n] as usize..self.child_start[n + 1] as usize]
    }

    /// The class of a node.
    pub fn class_of(&self, node: u32) -> u32 {
        self.node_class[node as usize]
    }

    /// The cost of a node, without its children.
    pub fn cost(&self, node: u32) -> f64 {
        self.weight[node as usize].total()
    }

    pub(crate) fn weight(&self, node: u32) -> Score {
        self.weight[node as usize]
    }
}
