//! Terms by size: variables, numbers, and operators over the first term of each class that is known so far.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::value::{Key, apply, defined, key, points, somewhere};
use super::{Search, distinct};
use crate::facts::Facts;
use crate::num::Real;
use crate::op::{Arity, Attr, Law, Op};
use crate::ty::{DType, Ty};

/// What stands at the top of a term.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Head {
    Var(usize),
    Num(f64),
    App(Op, SmallVec<[u32; 3]>),
}

/// A term; its operands are earlier terms.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) head: Head,
    /// Operators, variables and numbers.
    pub(super) size: usize,
    /// As rule files write it, with the variables of [`NAMES`].
    pub(super) text: String,
    /// What its operators cost per element.
    pub(super) cost: f64,
    /// How many operators it has.
    pub(super) operators: usize,
    /// Which variables it has, by bit.
    pub(super) variables: u8,
    pub(super) class: u32,
    facts: Facts,
}

/// What the variables are called.
pub(super) const NAMES: [char; super::MOST_VARIABLES] = ['x', 'y', 'z', 'w'];

/// The terms of one value.
pub(super) struct Class {
    /// The first is the smallest.
    pub(super) terms: Vec<u32>,
    /// The value, and whether it is a truth value.
    pub(super) key: (Key, bool),
    values: Vec<Real>,
}

/// All terms.
pub(super) struct Terms {
    all: Vec<Term>,
    classes: Vec<Class>,
    by_key: FxHashMap<(Key, bool), u32>,
    limit: usize,
    /// Was the limit met?
    pub(super) cut: bool,
}

impl Terms {
    pub(super) fn enumerate(search: &Search) -> Terms {
        let mut terms = Terms {
            all: Vec::new(),
            classes: Vec::new(),
            by_key: FxHashMap::default(),
            limit: search.terms,
            cut: false,
        };
        let at = points(search.variables, search.seed);
        for v in 0..search.variables {
            let values = at.iter().map(|p| Real::from(p[v])).collect();
            terms.leaf(Head::Var(v), format!("?{}", NAMES[v]), Facts::var(Ty::scalar(DType::F64)), values);
        }
        let mut numbers: Vec<u64> = Vec::new();
        for x in &search.numbers {
            // The two zeros are one number in a pattern.
            let x = if *x == 0.0 { 0.0 } else { *x };
            if !numbers.contains(&x.to_bits()) {
                numbers.push(x.to_bits());
                let values = vec![Real::from(x); at.len()];
                terms.leaf(Head::Num(x), number(x), Facts::constant(x), values);
            }
        }
        let ops = distinct(&search.ops);
        for size in 2..=search.size {
            for &op in &ops {
                terms.of_size(op, size);
            }
        }
        terms
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn classes(&self) -> usize {
        self.classes.len()
    }

    pub(super) fn term(&self, id: u32) -> &Term {
        &self.all[id as usize]
    }

    pub(super) fn all_classes(&self) -> &[Class] {
        &self.classes
    }

    /// All applications of `op` that have `size` nodes.
    fn of_size(&mut self, op: Op, size: usize) {
        let operands = match op.def().arity {
            Arity::Exact(n) | Arity::AtLeast(n) => n,
        };
        // The classes by the size of their first term. What is added on the way is too large to be an operand.
        let mut by_size: Vec<Vec<u32>> = vec![Vec::new(); size];
        for class in &self.classes {
            let first = class.terms[0];
            if let Some(list) = by_size.get_mut(self.term(first).size) {
                list.push(first);
            }
        }
        let mut tuple: Vec<u32> = Vec::new();
        for sizes in compositions(size - 1, operands) {
            let pools: Vec<&[u32]> = sizes.iter().map(|s| by_size[*s].as_slice()).collect();
            let total: usize = pools.iter().map(|p| p.len()).product();
            for k in 0..total {
                tuple.clear();
                let mut rest = k;
                for pool in pools.iter().rev() {
                    tuple.push(pool[rest % pool.len()]);
                    rest /= pool.len();
                }
                tuple.reverse();
                // The other order is the same by a law that is known.
                if op.def().has(Law::Commutative) && !tuple.is_sorted() {
                    continue;
                }
                if self.all.len() >= self.limit {
                    self.cut = true;
                    return;
                }
                self.apply(op, &tuple, size);
            }
        }
    }

    fn apply(&mut self, op: Op, operands: &[u32], size: usize) {
        let of: Vec<&Facts> = operands.iter().map(|&t| &self.term(t).facts).collect();
        let Ok(facts) = Facts::of_op(op, &Attr::None, &of) else { return };
        drop(of);
        // Rules speak of real numbers and of truth values; integers wrap.
        if facts.ty.dtype.is_int() {
            return;
        }
        let values: Vec<&[Real]> =
            operands.iter().map(|&t| self.classes[self.term(t).class as usize].values.as_slice()).collect();
        let Some(values) = apply(op, &values) else { return };
        let texts: String = operands.iter().map(|&t| format!(" {}", self.term(t).text)).collect();
        let term = Term {
            head: Head::App(op, operands.into()),
            size,
            text: format!("({}{texts})", op.def().name),
            cost: op.def().cost + operands.iter().map(|&t| self.term(t).cost).sum::<f64>(),
            operators: 1 + operands.iter().map(|&t| self.term(t).operators).sum::<usize>(),
            variables: operands.iter().fold(0, |set, &t| set | self.term(t).variables),
            class: 0,
            facts,
        };
        self.add(term, values);
    }

    fn leaf(&mut self, head: Head, text: String, facts: Facts, values: Vec<Real>) {
        let variables = if let Head::Var(v) = head { 1 << v } else { 0 };
        self.add(Term { head, size: 1, text, cost: 0.0, operators: 0, variables, class: 0, facts }, values);
    }

    fn add(&mut self, mut term: Term, values: Vec<Real>) {
        let key = (key(&values), term.facts.ty.dtype == DType::Bool);
        // Of what is nowhere a number nothing can be learned, nor of what is made of it.
        if !somewhere(&key.0) || term.variables == 0 && !defined(&key.0) {
            return;
        }
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let next = u32::try_from(self.classes.len()).unwrap_or(u32::MAX);
        term.class = *self.by_key.entry(key.clone()).or_insert(next);
        match self.classes.get_mut(term.class as usize) {
            Some(class) => class.terms.push(id),
            None => self.classes.push(Class { terms: vec![id], key, values }),
        }
        self.all.push(term);
    }
}

/// A number as rule files write it.
pub(super) fn number(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e9 { format!("{x}") } else { crate::expr::float_text(x) }
}

/// All ways to share out `total` among `parts`, each at least 1, in order.
fn compositions(total: usize, parts: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for part in 0..parts {
        let left = parts - part - 1;
        all = all
            .into_iter()
            .flat_map(|done| {
                let used: usize = done.iter().sum();
                let most = total.saturating_sub(used + left);
                let least = if left == 0 { most.max(1) } else { 1 };
                (least..=most).map(move |s| done.iter().copied().chain([s]).collect()).collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shared_out() {
        assert_eq!(compositions(4, 2), [[1, 3], [2, 2], [3, 1]]);
        assert_eq!(compositions(3, 3), [[1, 1, 1]]);
        assert_eq!(compositions(1, 1), [[1]]);
        assert!(compositions(1, 2).is_empty());
    }

    #[test]
    fn terms_of_one_value_are_one_class() {
        let ops = ["exp", "log"].iter().filter_map(|n| Op::by_name(n)).collect();
        let search = Search { variables: 1, numbers: vec![1.0], size: 3, ..Search::over(ops) };
        let terms = Terms::enumerate(&search);
        let class_of = |text: &str| terms.all.iter().find(|t| t.text == text).map(|t| t.class);
        assert_eq!(class_of("(log (exp ?x))"), class_of("?x"));
        // Below zero one is a number and the other is not.
        assert_ne!(class_of("(exp (log ?x))"), class_of("?x"));
        assert_eq!(class_of("(log (log 1))"), None);
    }
}
