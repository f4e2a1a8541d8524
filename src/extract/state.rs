//! A choice under change: reference counts of the needed classes and an order that witnesses that there is no
//! cycle. A move costs what it touches; nothing is allocated.

use crate::extract::order::Order;
use crate::extract::presolve::Core;
use crate::extract::score::Score;

#[derive(Debug, Clone)]
pub(crate) struct State<'a> {
    pub(crate) core: &'a Core,
    /// The node of every class, needed or not. All of them together have no cycle.
    pub(crate) choice: Vec<u32>,
    /// How often a class is used by needed classes and roots; needed if not 0.
    pub(crate) refs: Vec<u32>,
    pub(crate) order: Order,
    stack: Vec<u32>,
    seen: Vec<u32>,
    stamp: u32,
    moved: Vec<u32>,
    /// Nodes and classes walked, to bound what a search does by a count.
    pub(crate) work: u64,
}

/// A move that changes the need for more nodes than this is not tried: in a deep chain every move would walk
/// all that is below.
const CONE: usize = 1000;

impl<'a> State<'a> {
    pub(crate) fn new(core: &'a Core) -> Self {
        let n = core.num_classes();
        State {
            core,
            choice: Vec::new(),
            refs: vec![0; n],
            order: Order::new(n),
            stack: Vec::new(),
            seen: vec![0; n],
            stamp: 0,
            moved: Vec::new(),
            work: 0,
        }
    }

    /// Takes over a choice and an order of it, each class after its children.
    pub(crate) fn load(&mut self, choice: &[u32], order: &[u32]) -> Score {
        self.choice.clear();
        self.choice.extend_from_slice(choice);
        self.order.rebuild(order);
        self.refs.fill(0);
        let core = self.core;
        self.acquire_all(&core.roots)
    }

    /// Takes over a choice without an order; false if it has a cycle.
    pub(crate) fn load_unordered(&mut self, choice: &[u32], order: &mut Vec<u32>) -> bool {
        order.clear();
        self.stamp(2);
        let (open, done) = (self.stamp - 1, self.stamp);
        for class in 0..self.core.num_classes() as u32 {
            self.stack.push(class);
            while let Some(&c) = self.stack.last() {
                if self.seen[c as usize] == done {
                    self.stack.pop();
                    continue;
                }
                let children = self.core.children(choice[c as usize]);
                if self.seen[c as usize] == open {
                    // All children above it on the stack are done, unless one is on the path.
                    if children.iter().any(|&d| self.seen[d as usize] != done) {
                        self.stack.clear();
                        return false;
                    }
                    self.seen[c as usize] = done;
                    order.push(c);
                    self.stack.pop();
                    continue;
                }
                self.seen[c as usize] = open;
                for &d in children {
                    if self.seen[d as usize] == open {
                        self.stack.clear();
                        return false;
                    }
                    if self.seen[d as usize] != done {
                        self.stack.push(d);
                    }
                }
            }
        }
        self.load(choice, order);
        true
    }

    fn stamp(&mut self, by: u32) {
        if self.stamp > u32::MAX - by {
            self.seen.fill(0);
            self.stamp = 0;
        }
        self.stamp += by;
    }

    /// The weight of all that is needed.
    pub(crate) fn total(&self) -> Score {
        let mut sum = Score::default();
        for (&node, &refs) in self.choice.iter().zip(&self.refs) {
            if refs > 0 {
                sum.add(self.core.weight[node as usize]);
            }
        }
        sum
    }

    /// Counts a use of each class, and returns the weight of what was not needed before.
    fn acquire_all(&mut self, classes: &[u32]) -> Score {
        let core = self.core;
        let mut sum = Score::default();
        let mut list = classes;
        loop {
            for &d in list {
                let refs = &mut self.refs[d as usize];
                *refs += 1;
                if *refs == 1 {
                    self.stack.push(self.choice[d as usize]);
                }
            }
            let Some(node) = self.stack.pop() else { return sum };
            sum.add(core.weight[node as usize]);
            list = core.children(node);
        }
    }

    /// Counts the uses that `node` makes, and returns the weight of what was not needed before. Nothing, and
    /// nothing counted, if that is more than a cone.
    pub(crate) fn acquire(&mut self, node: u32) -> Option<Score> {
        self.count::<true>(node)
    }

    /// Takes back what [`State::acquire`] counted, and returns the weight of what is no longer needed. Nothing,
    /// and nothing taken back, if that is more than a cone.
    pub(crate) fn release(&mut self, node: u32) -> Option<Score> {
        self.count::<false>(node)
    }

    /// The weight that [`State::acquire`] would add; nothing stays counted.
    fn probe(&mut self, node: u32) -> Option<Score> {
        let mut sum = Score::default();
        let walked = self.walk::<true>(node, &mut sum);
        if walked.is_some() {
            self.undo::<true>(self.stack.len());
            self.work += self.stack.len() as u64;
        }
        self.stack.clear();
        walked.map(|()| sum)
    }

    /// Counts uses up or down, and goes on below each class whose first use comes or last use goes.
    fn count<const UP: bool>(&mut self, node: u32) -> Option<Score> {
        let mut sum = Score::default();
        let walked = self.walk::<UP>(node, &mut sum);
        self.stack.clear();
        walked.map(|()| sum)
    }

    /// Takes back what the first nodes on the stack counted.
    fn undo<const UP: bool>(&mut self, first: usize) {
        let by = if UP { 1 } else { u32::MAX };
        for &n in &self.stack[..first] {
            for &d in self.core.children(n) {
                let refs = &mut self.refs[d as usize];
                *refs = refs.wrapping_sub(by);
            }
        }
    }

    /// [`State::count`], whose nodes stay on the stack.
    fn walk<const UP: bool>(&mut self, node: u32, sum: &mut Score) -> Option<()> {
        let core = self.core;
        let by = if UP { 1 } else { u32::MAX };
        let turns = u32::from(UP);
        self.stack.push(node);
        let mut at = 0;
        while let Some(&n) = self.stack.get(at) {
            if at > CONE {
                self.undo::<UP>(at);
                self.work += at as u64;
                return None;
            }
            at += 1;
            for &d in core.children(n) {
                let refs = &mut self.refs[d as usize];
                *refs = refs.wrapping_add(by);
                if *refs == turns {
                    let next = self.choice[d as usize];
                    sum.add(core.weight[next as usize]);
                    self.stack.push(next);
                }
            }
        }
        self.work += at as u64;
        Some(())
    }

    /// Whether `node`, chosen for `class`, would need that class. If not, [`State::choose`] may follow.
    ///
    /// Only classes after `class` in the order can lead to it, so only those are walked.
    pub(crate) fn closes_cycle(&mut self, class: u32, node: u32) -> bool {
        let core = self.core;
        let floor = self.order.label(class);
        self.moved.clear();
        if core.children(node).iter().all(|&d| self.order.label(d) < floor) {
            return false;
        }
        self.stamp(1);
        let (mut list, mut at) = (core.children(node), 0);
        loop {
            for &d in list {
                if d == class {
                    return true;
                }
                if self.order.label(d) > floor && self.seen[d as usize] != self.stamp {
                    self.seen[d as usize] = self.stamp;
                    self.moved.push(d);
                }
            }
            let Some(&next) = self.moved.get(at) else { return false };
            // Giving up is safe: a move that is not tried closes no cycle.
            if at > CONE {
                return true;
            }
            self.work += 1;
            at += 1;
            list = core.children(self.choice[next as usize]);
        }
    }

    /// Chooses `node` for `class`, right after [`State::closes_cycle`] denied a cycle for the two. The
    /// reference counts are the caller's business.
    pub(crate) fn choose(&mut self, class: u32, node: u32) {
        self.choice[class as usize] = node;
        if !self.moved.is_empty() {
            self.order.move_before(&mut self.moved, class);
            self.moved.clear();
        }
    }

    /// Chooses the node of `class` that adds least to what is needed without it. Returns whether that changed
    /// the choice. Among equals, `pick` decides: it is asked with the number of equals so far, and true takes
    /// the newcomer over; the node chosen now is the first to be asked about, the others follow in canonical
    /// order.
    pub(crate) fn improve(&mut self, class: u32, mut pick: impl FnMut(u32, u32, u32) -> bool) -> bool {
        let core = self.core;
        let now = self.choice[class as usize];
        let needed = self.refs[class as usize] > 0;
        let below = if needed { self.release(now) } else { self.probe(now) };
        let Some(below) = below else { return false };
        let mut least = core.weight[now as usize].plus(below);
        let (mut best, mut equals) = (now, 1);
        for node in core.nodes(class) {
            let own = core.weight[node as usize];
            if node == now || own.costs_more(least) || self.closes_cycle(class, node) {
                continue;
            }
            let Some(below) = self.probe(node) else { continue };
            let sum = own.plus(below);
            match sum.order(least) {
                std::cmp::Ordering::Less => (least, best, equals) = (sum, node, 1),
                std::cmp::Ordering::Greater => {}
                std::cmp::Ordering::Equal => {
                    equals += 1;
                    if pick(equals, node, best) {
                        best = node;
                    }
                }
            }
        }
        if best != now {
            self.closes_cycle(class, best);
            self.choose(class, best);
        }
        if needed {
            self.acquire(best);
        }
        best != now
    }
}
