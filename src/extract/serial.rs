//! E-graphs in the JSON of the egraph-serialize crate, so that problems can be exchanged with other tools. It
//! keeps names and operators as text and gives them no meaning.

use crate::extract::problem::{ExtractError, Node, Problem};
use rustc_hash::FxHashMap;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// An e-graph as it stands in a file.
///
/// ```
/// let text = r#"{"nodes": {"x": {"op": "x", "children": [], "eclass": "0", "cost": 1.0}}, "root_eclasses": ["0"]}"#;
/// let graph = egrad::extract::serial::EGraph::read(text)?;
/// let (problem, classes) = graph.problem()?;
/// assert_eq!((problem.num_nodes(), classes), (1, vec!["0"]));
/// # Ok::<(), egrad::extract::serial::SerialError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EGraph {
    /// The nodes by name, in the order of the file, which is taken as the canonical order.
    #[serde(serialize_with = "write_nodes", deserialize_with = "read_nodes")]
    pub nodes: Vec<(String, ENode)>,
    /// The names of the root classes.
    #[serde(default)]
    pub root_eclasses: Vec<String>,
    /// What other tools say about classes; carried along in the order of the names.
    #[serde(default)]
    pub class_data: BTreeMap<String, serde_json::Value>,
}

/// A node as it stands in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ENode {
    /// The operator.
    pub op: String,
    /// The operands: names of *nodes*, each standing for its class.
    #[serde(default)]
    pub children: Vec<String>,
    /// The name of the class.
    pub eclass: String,
    /// The cost, 1 where none is given; JSON has no infinity, so that one is written as `null`.
    #[serde(default = "one", serialize_with = "write_cost", deserialize_with = "read_cost")]
    pub cost: f64,
    /// Whether the node is to be ignored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub subsumed: bool,
}

/// Why a file is not a problem.
#[derive(Debug)]
#[non_exhaustive]
pub enum SerialError {
    /// Not JSON, or not of this form.
    Json(serde_json::Error),
    /// Two nodes have the same name.
    Repeated {
        /// The name.
        node: String,
    },
    /// An operand names no node.
    UnknownChild {
        /// The user.
        node: String,
        /// The operand.
        child: String,
    },
    /// A root names no class.
    UnknownRoot {
        /// The name.
        class: String,
    },
    /// A cost is negative or NaN, or the graph is too large.
    Problem(ExtractError),
}

impl fmt::Display for SerialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(e) => write!(f, "not an e-graph: {e}"),
            Self::Repeated { node } => write!(f, "node `{node}` is there twice"),
            Self::UnknownChild { node, child } => write!(f, "node `{node}` has the unknown child `{child}`"),
            Self::UnknownRoot { class } => write!(f, "root `{class}` is not the class of any node"),
            Self::Problem(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for SerialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(e) => Some(e),
            Self::Problem(e) => Some(e),
            _ => None,
        }
    }
}

impl From<ExtractError> for SerialError {
    fn from(e: ExtractError) -> Self {
        Self::Problem(e)
    }
}

impl EGraph {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`SerialError::Json`].
    pub fn read(text: &str) -> Result<Self, SerialError> {
        serde_json::from_str(text).map_err(SerialError::Json)
    }

    /// The text of a file: the same bytes for the same e-graph.
    ///
    /// # Errors
    ///
    /// [`SerialError::Json`], which no value of this type is known to cause.
    pub fn write(&self) -> Result<String, SerialError> {
        serde_json::to_string_pretty(self).map_err(SerialError::Json)
    }

    /// The extraction problem and the names of its classes, in order of first appearance. The nodes of the
    /// problem are those of the file, in order; a subsumed one gets an infinite cost.
    ///
    /// # Errors
    ///
    /// A name that is repeated or unknown, or a cost that is negative or NaN.
    pub fn problem(&self) -> Result<(Problem, Vec<&str>), SerialError> {
        let mut classes: Vec<&str> = Vec::new();
        let mut class_number: FxHashMap<&str, u32> = FxHashMap::default();
        let mut class_of: FxHashMap<&str, u32> = FxHashMap::default();
        for (name, node) in &self.nodes {
            let class = *class_number.entry(&node.eclass).or_insert_with(|| {
                classes.push(&node.eclass);
                classes.len() as u32 - 1
            });
            if class_of.insert(name, class).is_some() {
                return Err(SerialError::Repeated { node: name.clone() });
            }
        }
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for (name, node) in &self.nodes {
            let child = |child: &String| {
                let unknown = || SerialError::UnknownChild { node: name.clone(), child: child.clone() };
                class_of.get(child.as_str()).copied().ok_or_else(unknown)
            };
            nodes.push(Node {
                class: class_of[name.as_str()],
                cost: if node.subsumed { f64::INFINITY } else { node.cost },
                children: node.children.iter().map(child).collect::<Result<_, _>>()?,
            });
        }
        let root = |class: &String| {
            let unknown = || SerialError::UnknownRoot { class: class.clone() };
            class_number.get(class.as_str()).copied().ok_or_else(unknown)
        };
        let roots = self.root_eclasses.iter().map(root).collect::<Result<_, _>>()?;
        Ok((Problem::new(classes.len(), nodes, roots)?, classes))
    }

    /// A problem as an e-graph: `op` names the operator of a node. Operands and roots without any node, which
    /// the form cannot express, make the nodes that need them disappear.
    pub fn from_problem(problem: &Problem, op: impl Fn(u32) -> String) -> Self {
        let name = |n: u32| format!("{}.{n}", problem.class_of(n));
        let stands_for = |c: &u32| problem.nodes_of(*c).first().map(|&n| name(n));
        let nodes = (0..problem.num_nodes() as u32)
            .filter_map(|n| {
                let children = problem.children(n).iter().map(stands_for).collect::<Option<Vec<_>>>()?;
                let eclass = problem.class_of(n).to_string();
                Some((name(n), ENode { op: op(n), children, eclass, cost: problem.cost(n), subsumed: false }))
            })
            .collect();
        let known = |c: &&u32| !problem.nodes_of(**c).is_empty();
        let root_eclasses = problem.roots().iter().filter(known).map(u32::to_string).collect();
        EGraph { nodes, root_eclasses, class_data: BTreeMap::new() }
    }
}

fn one() -> f64 {
    1.0
}

fn write_cost<S: Serializer>(cost: &f64, s: S) -> Result<S::Ok, S::Error> {
    if cost.is_finite() { s.serialize_f64(*cost) } else { s.serialize_none() }
}

/// A number, `null`, or a word for infinity, which tools write in several ways.
fn read_cost<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Cost {
        Number(f64),
        Word(String),
    }
    match Option::<Cost>::deserialize(d)? {
        None => Ok(f64::INFINITY),
        Some(Cost::Number(x)) => Ok(x),
        Some(Cost::Word(w)) => w.parse().map_err(|_| D::Error::custom(format!("`{w}` is no cost"))),
    }
}

fn write_nodes<S: Serializer>(nodes: &[(String, ENode)], s: S) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(Some(nodes.len()))?;
    for (name, node) in nodes {
        map.serialize_entry(name, node)?;
    }
    map.end()
}

/// A map would lose the order of the file, which is the canonical order.
fn read_nodes<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<(String, ENode)>, D::Error> {
    struct Nodes;
    impl<'de> Visitor<'de> for Nodes {
        type Value = Vec<(String, ENode)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from names to nodes")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut nodes = Vec::new();
            while let Some(entry) = map.next_entry()? {
                nodes.push(entry);
            }
            Ok(nodes)
        }
    }
    d.deserialize_map(Nodes)
}
