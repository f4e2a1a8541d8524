//! Expressions while they are imported, each numbered once: an address is looked up when a node is first met as
//! an operand, everything else is found by number.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::arena::Id;
use super::import::{For, length_of};
use crate::expr::{Expr, Head};
use crate::op::Role;

/// A node, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term(u32);

/// Nodes whose composite operators are written in terms of others.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// By the address of a node. What was lowered is held, so that its address stays its own.
    numbers: FxHashMap<usize, Term>,
    held: Vec<Expr>,
    rows: Vec<Row>,
    /// The operands of all rows that were asked for them.
    args: Vec<Term>,
}

#[derive(Debug)]
struct Row {
    expr: Expr,
    /// Where its operands are among all.
    args: Option<(u32, u32)>,
    /// Is it made of literals and lengths alone?
    plain: Option<bool>,
    /// What it became where floats are wanted, and where integers are.
    floats: Option<Id>,
    ints: SmallVec<[(crate::ty::DType, Id); 1]>,
}

#[allow(clippy::cast_possible_truncation, reason = "node counts fit in u32: an arena's ids are no wider")]
impl Terms {
    /// The number of an expression, with a root that is not composite.
    pub(super) fn of(&mut self, e: &Expr) -> Term {
        if let Some(&t) = self.numbers.get(&e.id()) {
            return t;
        }
        let mut l = e.clone();
        while let Some(f) = l.op().and_then(|op| op.def().lower) {
            l = f(l.args(), l.attr());
        }
        let t = if l.same_node(e) {
            self.row(l)
        } else {
            let t = self.numbers.get(&l.id()).copied();
            self.held.push(e.clone());
            t.unwrap_or_else(|| self.row(l))
        };
        self.numbers.insert(e.id(), t);
        t
    }

    fn row(&mut self, e: Expr) -> Term {
        let t = Term(self.rows.len() as u32);
        self.numbers.insert(e.id(), t);
        self.rows.push(Row { expr: e, args: None, plain: None, floats: None, ints: SmallVec::new() });
        t
    }

    pub(super) fn expr(&self, t: Term) -> &Expr {
        &self.rows[t.0 as usize].expr
    }

    /// The operands of a node.
    pub(super) fn args(&mut self, t: Term) -> SmallVec<[Term; 4]> {
        let (from, to) = match self.rows[t.0 as usize].args {
            Some(range) => range,
            None => {
                let e = self.expr(t).clone();
                let args: SmallVec<[Term; 4]> = e.args().iter().map(|a| self.of(a)).collect();
                let from = self.args.len() as u32;
                self.args.extend(args);
                let range = (from, self.args.len() as u32);
                self.rows[t.0 as usize].args = Some(range);
                range
            }
        };
        self.args[from as usize..to as usize].into()
    }

    /// What a node became.
    pub(super) fn imported(&self, t: Term, want: For) -> Option<Id> {
        let row = &self.rows[t.0 as usize];
        match want {
            For::Floats => row.floats,
            For::Ints(d) => row.ints.iter().find(|(to, _)| *to == d).map(|(_, id)| *id),
        }
    }

    /// What a node became that was imported before its users.
    ///
    /// # Panics
    /// It was not: a fault of the importer, which no result may hide.
    #[allow(clippy::expect_used, reason = "another node in its place would be a wrong number")]
    pub(super) fn id(&self, t: Term, want: For) -> Id {
        self.imported(t, want).expect("operands are imported before their users")
    }

    pub(super) fn set_imported(&mut self, t: Term, want: For, id: Id) {
        let row = &mut self.rows[t.0 as usize];
        match want {
            For::Floats => row.floats = Some(id),
            For::Ints(d) => row.ints.push((d, id)),
        }
    }

    /// Is it made of literals and lengths alone, element by element, or by moving them?
    pub(super) fn is_plain(&mut self, t: Term) -> bool {
        let mut stack = vec![(t, false)];
        while let Some((t, ready)) = stack.pop() {
            if self.rows[t.0 as usize].plain.is_some() {
                continue;
            }
            let e = self.expr(t);
            let moves = |op: crate::op::Op| matches!(op.def().role, Role::Elementwise | Role::Move);
            let known = match e.head() {
                Head::Lit(_) => Some(true),
                Head::Var(_) => Some(false),
                Head::Op(..) if length_of(e).is_some() => Some(true),
                Head::Op(op, _) if !moves(*op) => Some(false),
                Head::Op(..) => None,
            };
            let known = match known {
                None if ready => {
                    let args = self.args(t);
                    Some(args.iter().all(|a| self.rows[a.0 as usize].plain == Some(true)))
                }
                known => known,
            };
            match known {
                Some(_) => self.rows[t.0 as usize].plain = known,
                None => {
                    let args = self.args(t);
                    stack.push((t, true));
                    stack.extend(args.into_iter().map(|a| (a, false)));
                }
            }
        }
        self.rows[t.0 as usize].plain == Some(true)
    }
}
