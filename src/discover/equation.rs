//! Two terms that agree, directed from the dearer to the cheaper.

use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Ordering;

use super::enumerate::{Head, NAMES, Term, Terms};
use super::value::{ABOVE_ZERO, Key, defined};
use crate::graph::{Graph, Id};
use crate::op::Attr;

/// Two terms as a rule would have them, with its own names of variables.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    /// The dearer side and the other, in the words of rule files.
    pub(super) left: String,
    pub(super) right: String,
    /// Do they cost the same?
    pub(super) even: bool,
    /// How many variables there are.
    pub(super) variables: usize,
    /// Do they agree only where all variables are above zero?
    pub(super) above_zero: bool,
    sides: [u32; 2],
    /// Numbers that are variables here, and their positions.
    free: Vec<(u64, usize)>,
    /// What the terms call the variables of the equation.
    names: Vec<char>,
    /// By which the smallest come first.
    order: (usize, u64),
}

/// All equations, smallest first, each once up to the names of variables.
pub(super) fn all(terms: &Terms) -> Vec<Equation> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    let mut add = |a: u32, b: u32, above_zero: bool| {
        if let Some(e) = Equation::new(terms, a, b, above_zero)
            && seen.insert((e.left.clone(), e.right.clone()))
        {
            found.push(e);
        }
    };
    for class in terms.all_classes() {
        for &other in &class.terms[1..] {
            add(class.terms[0], other, false);
        }
    }
    // What agrees above zero, with what is the smallest there.
    let mut first: FxHashMap<_, u32> = FxHashMap::default();
    for class in terms.all_classes() {
        let key: &Key = &class.key.0;
        let above = &key[..ABOVE_ZERO.min(key.len())];
        if defined(above) {
            let term = class.terms[0];
            let smallest = *first.entry((above, class.key.1)).or_insert(term);
            if smallest != term {
                add(
                    smallest,
                    term,
                    !agree(key, &terms.all_classes()[terms.term(smallest).class as usize].key.0),
                );
            }
        }
    }
    found.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| (&a.left, &a.right).cmp(&(&b.left, &b.right))));
    found
}

/// Do two values agree wherever both are real numbers?
fn agree(a: &[(u64, i64)], b: &[(u64, i64)]) -> bool {
    a.iter().zip(b).all(|(x, y)| x == y || !defined(&[*x]) || !defined(&[*y]))
}

impl Equation {
    fn new(terms: &Terms, a: u32, b: u32, above_zero: bool) -> Option<Equation> {
        let (s, t) = (terms.term(a), terms.term(b));
        let mut even = false;
        let (left, right) = match dearer(s, t) {
            Ordering::Greater => (a, b),
            Ordering::Less => (b, a),
            Ordering::Equal => {
                even = true;
                if s.text > t.text { (a, b) } else { (b, a) }
            }
        };
        let (l, r) = (terms.term(left), terms.term(right));
        // What the right side speaks of must be bound; and equations of numbers alone are arithmetic.
        if l.variables == 0 || r.variables & !l.variables != 0 {
            return None;
        }
        even &= l.variables == r.variables;
        let mut names = Vec::new();
        let left_text = renamed(&l.text, &mut names);
        let right_text = match r.head {
            // A number has no shape; the rule gives it that of a variable.
            Head::Num(_) => format!("(fill ?{} {})", NAMES[0], r.text),
            _ if r.variables == 0 => return None,
            _ => renamed(&r.text, &mut names),
        };
        Some(Equation {
            left: left_text,
            right: right_text,
            even,
            variables: names.len(),
            above_zero,
            sides: [left, right],
            free: Vec::new(),
            names,
            order: (l.size + r.size, l.cost.to_bits()),
        })
    }

    /// The equations with a variable for a number that is on both sides.
    pub(super) fn more_general(&self) -> Vec<Equation> {
        let Some(&name) = NAMES.get(self.variables) else { return Vec::new() };
        let mut numbers: Vec<&str> = words(&self.left).filter(|w| w.parse::<f64>().is_ok()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let with = |text: &str, number: &str| -> String {
            let one = |w: &str| if w == number { format!("?{name}") } else { w.to_string() };
            split(text).map(one).collect()
        };
        // A number that a side merely is has the shape of a variable.
        let shared = |n: &&str| words(&self.right).any(|w| w == *n) && !self.right.starts_with("(fill ");
        numbers
            .into_iter()
            .filter(shared)
            .filter_map(|n| {
                let x: f64 = n.parse().ok()?;
                let mut free = self.free.clone();
                free.push((x.to_bits(), self.variables));
                let (left, right) = (with(&self.left, n), with(&self.right, n));
                Some(Equation { left, right, variables: self.variables + 1, free, ..self.clone() })
            })
            .collect()
    }

    /// Has one of the two variables in the place of numbers, or conditions?
    pub(super) fn is_other_than(&self, e: &Equation) -> bool {
        self.free != e.free || self.above_zero != e.above_zero
    }

    /// Adds both sides to a graph.
    pub(super) fn insert(&self, terms: &Terms, graph: &mut Graph, variables: &[Id]) -> Option<(Id, Id)> {
        let left = self.side(terms, self.sides[0], graph, variables)?;
        let right = self.side(terms, self.sides[1], graph, variables)?;
        Some((left, right))
    }

    /// A term as a node; its operands come first, without recursion.
    fn side(&self, terms: &Terms, root: u32, graph: &mut Graph, variables: &[Id]) -> Option<Id> {
        let mut at: FxHashMap<u32, Id> = FxHashMap::default();
        let mut stack = vec![root];
        while let Some(&t) = stack.last() {
            let id = match &terms.term(t).head {
                Head::Var(v) => variables[self.position(*v)],
                Head::Num(x) => match self.free.iter().find(|(n, _)| *n == x.to_bits()) {
                    Some((_, v)) => variables[*v],
                    None => graph.lit(*x),
                },
                Head::App(op, operands) => {
                    let open: Vec<u32> = operands.iter().copied().filter(|o| !at.contains_key(o)).collect();
                    if !open.is_empty() {
                        stack.extend(open);
                        continue;
                    }
                    let operands: Vec<Id> = operands.iter().map(|o| at[o]).collect();
                    graph.add(*op, &Attr::None, &operands).ok()?
                }
            };
            at.insert(t, id);
            stack.pop();
        }
        at.get(&root).copied()
    }

    /// Where a variable of the terms stands among those of the equation.
    fn position(&self, variable: usize) -> usize {
        self.names.iter().position(|n| *n == NAMES[variable]).unwrap_or(variable)
    }
}

/// Compares what two terms cost, then the numbers of their operators.
fn dearer(s: &Term, t: &Term) -> Ordering {
    s.cost.total_cmp(&t.cost).then(s.operators.cmp(&t.operators))
}

/// The text with its variables called by the order of their first occurrence.
fn renamed(text: &str, names: &mut Vec<char>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut variable = false;
    for c in text.chars() {
        if std::mem::replace(&mut variable, c == '?') {
            let at = names.iter().position(|n| *n == c).unwrap_or_else(|| {
                names.push(c);
                names.len() - 1
            });
            out.push(NAMES[at]);
        } else {
            out.push(c);
        }
    }
    out
}

/// The text between parentheses and spaces, and those.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['(', ')', ' ']).flat_map(|part| {
        let end = part.trim_end_matches(['(', ')', ' ']).len();
        [&part[..end], &part[end..]]
    })
}

/// Operators, variables and numbers.
fn words(text: &str) -> impl Iterator<Item = &str> {
    split(text).filter(|w| !w.is_empty() && !w.contains(['(', ')', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::Search;
    use crate::op::Op;

    #[test]
    fn variables_are_called_by_their_first_occurrence() {
        let mut names = Vec::new();
        assert_eq!(renamed("(- ?y (exp ?x))", &mut names), "(- ?x (exp ?y))");
        assert_eq!(renamed("(* ?x ?y)", &mut names), "(* ?y ?x)");
    }

    #[test]
    fn numbers_on_both_sides_become_variables() {
        let ops = ["log", "*", "+"].iter().filter_map(|n| Op::by_name(n)).collect();
        let search = Search { variables: 1, numbers: vec![2.0], size: 5, ..Search::over(ops) };
        let found = all(&Terms::enumerate(&search));
        let one = found.iter().find(|e| e.left == "(+ (log 2) (log ?x))" || e.left == "(+ (log ?x) (log 2))");
        let general = one.map(|e| e.more_general()).unwrap_or_default();
        assert_eq!(general.len(), 1, "{found:?}");
        assert_eq!(words(&general[0].right).filter(|w| w.starts_with('?')).count(), 2);
    }
}
