//! Patterns against an e-graph that stands still while rules are searched for.
//!
//! The machine and the order of its matches are egg's. It asks a table of the classes, made once for all rules, instead
//! of a hash map, and a class without the operator that is looked for costs one bit.

use egg::Id;
use smallvec::SmallVec;

use super::analysis::Graph;
use super::lang::{EHead, ENode};
use crate::op::Op;
use crate::rules::{AttrPattern, PNode, Rule};

/// What stands for the variables of a rule, by their numbers.
pub(super) type Binding = SmallVec<[Id; 6]>;

/// A set of operators.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct OpSet([u64; 4]);

impl OpSet {
    pub(super) fn with(mut self, op: Op) -> OpSet {
        let i = op as usize;
        self.0[i / 64] |= 1 << (i % 64);
        self
    }

    pub(super) fn or(self, other: OpSet) -> OpSet {
        OpSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    pub(super) fn within(self, other: OpSet) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & !b == 0)
    }

    fn has(&self, op: Op) -> bool {
        let i = op as usize;
        self.0[i / 64] & 1 << (i % 64) != 0
    }
}

/// The classes of an e-graph, by number.
#[derive(Debug)]
pub(super) struct Classes<'g> {
    g: &'g Graph,
    nodes: Vec<&'g [ENode]>,
    ops: Vec<OpSet>,
    /// How far above a change each class stands.
    near: &'g [u8],
}

impl<'g> Classes<'g> {
    pub(super) fn of(g: &'g Graph, near: &'g [u8]) -> Classes<'g> {
        let n = g.nodes().len();
        let mut out = Classes { g, nodes: vec![&[]; n], ops: vec![OpSet::default(); n], near };
        for class in g.classes() {
            let at = usize::from(class.id);
            out.nodes[at] = &class.nodes;
            let ops = class.nodes.iter().filter_map(|n| match n.head {
                EHead::Op(op) => Some(op),
                _ => None,
            });
            out.ops[at] = ops.fold(OpSet::default(), OpSet::with);
        }
        out
    }

    /// Did a class change, or what stands at most so far below it?
    fn changed(&self, class: Id, below: u8) -> bool {
        self.near[usize::from(class)] <= below
    }
}

/// A place in the registers of a machine.
type Reg = usize;

#[derive(Debug)]
enum Step {
    /// Each e-node of a class with this head; its operands go to the registers from `out` on.
    Bind {
        head: EHead,
        arity: usize,
        at: Reg,
        out: Reg,
        /// Variables that it binds, if their changes count.
        bound: SmallVec<[Reg; 3]>,
        /// What is still to be matched, with how far below itself it looks.
        ahead: SmallVec<[(Reg, u8); 4]>,
    },
    /// The same class in both.
    Same { a: Reg, b: Reg },
    /// The class of a term whose variables are all known.
    Known { at: Reg, term: Vec<Part>, depth: u8 },
}

/// A part of a term, operands before users.
#[derive(Debug)]
enum Part {
    Node(EHead, SmallVec<[usize; 3]>),
    Of(Reg),
}

/// A left side, compiled.
#[derive(Debug)]
pub(super) struct Matcher {
    steps: Vec<Step>,
    /// Where each variable is at the end.
    vars: Vec<Reg>,
    /// How many registers there are.
    regs: usize,
}

impl Matcher {
    /// Prepares a left side; `interned` are the attributes that every e-graph interns first, in order.
    pub(super) fn new(rule: &Rule, interned: &[crate::op::Attr]) -> Matcher {
        Compiler::of(rule, interned).compiled(rule.vars.len())
    }

    /// Adds the matches in a class, to at most `cap` in all; with `new`, those in which a class has changed.
    pub(super) fn search(
        &self,
        all: &Classes<'_>,
        class: Id,
        new: bool,
        cap: usize,
        out: &mut Vec<(Id, Binding)>,
    ) {
        // Operands of e-nodes are their classes, no merged ones.
        debug_assert!(all.g.clean);
        let mut regs: SmallVec<[Id; 16]> = SmallVec::from_elem(class, self.regs);
        self.run(all, (0, !new), &mut regs, &mut |regs| {
            out.push((class, self.vars.iter().map(|&r| regs[r]).collect()));
            out.len() < cap
        });
    }

    /// Runs the steps from one on; false when no more matches are wanted. Recurses over the steps, which are few.
    /// `fresh` once a class has changed, for what was the same before was found before.
    fn run(
        &self,
        all: &Classes<'_>,
        (from, mut fresh): (usize, bool),
        regs: &mut [Id],
        found: &mut dyn FnMut(&[Id]) -> bool,
    ) -> bool {
        for (i, step) in (from..).zip(&self.steps[from..]) {
            match step {
                Step::Bind { head, arity, at, out, bound, ahead } => {
                    let class = usize::from(regs[*at]);
                    fresh |= all.near[class] == 0;
                    if let EHead::Op(op) = head
                        && !all.ops[class].has(*op)
                    {
                        return true;
                    }
                    for node in all.nodes[class] {
                        if node.head == *head && node.args.len() == *arity {
                            for (r, &operand) in (*out..).zip(&node.args) {
                                regs[r] = operand;
                            }
                            let fresh = fresh || bound.iter().any(|&r| all.changed(regs[r], 0));
                            if !fresh && !ahead.iter().any(|&(r, below)| all.changed(regs[r], below)) {
                                continue;
                            }
                            if !self.run(all, (i + 1, fresh), regs, found) {
                                return false;
                            }
                        }
                    }
                    return true;
                }
                Step::Same { a, b } => {
                    if regs[*a] != regs[*b] {
                        return true;
                    }
                }
                Step::Known { at, term, depth } => {
                    if let Some(Part::Node(EHead::Op(op), _)) = term.last()
                        && !all.ops[usize::from(regs[*at])].has(*op)
                    {
                        return true;
                    }
                    fresh |= all.changed(regs[*at], *depth);
                    let mut made: SmallVec<[Id; 8]> = SmallVec::new();
                    for part in term {
                        match part {
                            Part::Of(r) => made.push(regs[*r]),
                            Part::Node(head, args) => {
                                let mut of = ENode::leaf(*head);
                                args.iter().for_each(|&a| of.args.push(made[a]));
                                match all.g.lookup(of) {
                                    Some(id) => made.push(id),
                                    None => return true,
                                }
                            }
                        }
                    }
                    if made.last() != Some(&regs[*at]) {
                        return true;
                    }
                }
            }
        }
        !fresh || found(regs)
    }
}

/// A node of a pattern, attributes among the operands.
#[derive(Debug)]
enum Node {
    Var(u32),
    App(EHead, SmallVec<[usize; 3]>),
}

struct Compiler {
    nodes: Vec<Node>,
    /// Of each node the variables in it, and how many applications.
    vars: Vec<Vec<u32>>,
    sizes: Vec<usize>,
    /// Of each node how far below it changes count; none for a variable whose changes do not.
    depths: Vec<Option<u8>>,
    /// Where variables are, in the order in which they were met.
    known: Vec<(u32, Reg)>,
    todo: Vec<(usize, Reg)>,
    steps: Vec<Step>,
}

impl Compiler {
    fn of(rule: &Rule, interned: &[crate::op::Attr]) -> Compiler {
        let mut nodes: Vec<Node> = Vec::new();
        let mut at: Vec<usize> = Vec::new();
        let mut push = |n: Node| {
            nodes.push(n);
            nodes.len() - 1
        };
        let leaf = |head| Node::App(head, SmallVec::new());
        for node in rule.lhs.nodes.iter() {
            let id = match node {
                PNode::Var(v) => push(Node::Var(*v)),
                PNode::Num(x) => push(leaf(EHead::Const(if x.is_nan() { f64::NAN } else { *x }.to_bits()))),
                // Only right sides count; a left side with one matches nothing.
                PNode::Count { .. } => push(leaf(EHead::Size(u32::MAX))),
                PNode::App { op, attr, args } => {
                    let mut ids: SmallVec<[usize; 3]> = SmallVec::new();
                    match attr {
                        AttrPattern::Var(v) => ids.push(push(Node::Var(*v))),
                        AttrPattern::Lit(a) => {
                            // An attribute that is not there matches nothing.
                            let i = interned.iter().position(|b| b == a).unwrap_or(usize::MAX);
                            ids.push(push(leaf(EHead::Attr(u32::try_from(i).unwrap_or(u32::MAX)))));
                        }
                        AttrPattern::None | AttrPattern::Call(..) => {}
                    }
                    ids.extend(args.iter().map(|a| at[*a as usize]));
                    push(Node::App(EHead::Op(*op), ids))
                }
            };
            at.push(id);
        }
        let (mut vars, mut sizes): (Vec<Vec<u32>>, Vec<usize>) = (Vec::new(), Vec::new());
        for node in &nodes {
            let (own, size) = match node {
                Node::Var(v) => (vec![*v], 0),
                Node::App(_, args) => {
                    let mut own: Vec<u32> = args.iter().flat_map(|&a| vars[a].iter().copied()).collect();
                    own.sort_unstable();
                    own.dedup();
                    (own, 1 + args.iter().map(|&a| sizes[a]).sum::<usize>())
                }
            };
            vars.push(own);
            sizes.push(size);
        }
        let mut depths: Vec<Option<u8>> = Vec::with_capacity(nodes.len());
        let counts = rule.counted();
        for node in &nodes {
            let depth = match node {
                Node::Var(v) => counts[*v as usize].then_some(0),
                Node::App(_, args) => {
                    Some(args.iter().filter_map(|&a| depths[a]).max().map_or(0, |d| d.saturating_add(1)))
                }
            };
            depths.push(depth);
        }
        Compiler { nodes, vars, sizes, depths, known: Vec::new(), todo: Vec::new(), steps: Vec::new() }
    }

    fn place(&self, var: u32) -> Option<Reg> {
        self.known.iter().find(|(v, _)| *v == var).map(|(_, r)| *r)
    }

    fn add(&mut self, node: usize, reg: Reg) {
        match &self.nodes[node] {
            Node::Var(v) => match self.place(*v) {
                Some(b) => self.steps.push(Step::Same { a: reg, b }),
                None => self.known.push((*v, reg)),
            },
            Node::App(..) => self.todo.push((node, reg)),
        }
    }

    /// What to match next: what is known, then what has the most variables that are not, then what is small.
    fn next(&mut self) -> Option<(usize, Reg)> {
        let key = |&i: &usize| {
            let node = self.todo[i].0;
            let free = self.vars[node].iter().filter(|v| self.place(**v).is_none()).count();
            (free == 0, free, std::cmp::Reverse(self.sizes[node]))
        };
        let best = (0..self.todo.len()).max_by_key(key)?;
        Some(self.todo.swap_remove(best))
    }

    fn compiled(mut self, vars: usize) -> Matcher {
        let mut next_reg = 1;
        self.add(self.nodes.len() - 1, 0);
        while let Some((node, at)) = self.next() {
            let Node::App(head, args) = &self.nodes[node] else { continue };
            let (head, args) = (*head, args.clone());
            let ground = self.vars[node].iter().all(|v| self.place(*v).is_some());
            if ground && !args.is_empty() {
                let mut term = Vec::new();
                self.part(node, &mut term);
                self.steps.push(Step::Known { at, term, depth: self.depths[node].unwrap_or(0) });
                continue;
            }
            let out = next_reg;
            next_reg += args.len();
            let step = self.steps.len();
            self.steps.push(Step::Bind {
                head,
                arity: args.len(),
                at,
                out,
                bound: SmallVec::new(),
                ahead: SmallVec::new(),
            });
            let mut own = SmallVec::new();
            for (i, &a) in args.iter().enumerate() {
                self.add(a, out + i);
                if matches!(self.nodes[a], Node::Var(_)) && self.depths[a].is_some() {
                    own.push(out + i);
                }
            }
            let todo = self.todo.iter().filter_map(|&(n, reg)| Some((reg, self.depths[n]?))).collect();
            if let Step::Bind { bound, ahead, .. } = &mut self.steps[step] {
                (*bound, *ahead) = (own, todo);
            }
        }
        let vars = (0..u32::try_from(vars).unwrap_or(u32::MAX)).map(|v| self.place(v).unwrap_or(0)).collect();
        Matcher { steps: self.steps, vars, regs: next_reg }
    }

    /// Adds a term whose variables are known; its position. Recurses over a pattern, which is small.
    fn part(&self, node: usize, term: &mut Vec<Part>) -> usize {
        let part = match &self.nodes[node] {
            Node::Var(v) => Part::Of(self.place(*v).unwrap_or(0)),
            Node::App(head, args) => {
                let args = args.iter().map(|&a| self.part(a, term)).collect();
                Part::Node(*head, args)
            }
        };
        term.push(part);
        term.len() - 1
    }
}
