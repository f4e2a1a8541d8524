//! The let-form: shared nodes get names, and the text is linear in the graph.

use rustc_hash::{FxHashMap, FxHashSet};

use super::TREE_LIMIT;
use super::tree::{Purpose, print, tree_length, write_tree};
use crate::expr::{Expr, Numbering, topological};
use crate::op::Spelling;

/// The largest number of operators in one line of a let-form.
const LINE: usize = 40;

/// One line `t0 = ...` for each operator that is used more than once, then one line per root.
///
/// Equal terms count as shared. Very deep terms are cut into named pieces too, so no line is long.
/// Reading the text back gives the same expressions: unlike [`pp`](super::pp) it writes the leading new
/// axes of `DimShuffle{x, 0}(v)`. In the classic spelling the two results of `MaxAndArgmax` and the
/// parts of a `Split` remain the same text; the plain one tells them apart.
pub fn let_form(roots: &[Expr], spelling: Spelling) -> Vec<String> {
    let (lets, roots) = shared_form(roots, &|e, name| {
        let mut line = String::new();
        write_tree(e, spelling, Purpose::Reading, name, &mut line);
        line
    });
    lets.into_iter().map(|(name, text)| format!("{name} = {text}")).chain(roots).collect()
}

/// Length of a text that is read at a glance.
const GLANCE: usize = 240;

/// The trees of expressions, or their let-form where trees would repeat so much that they are more
/// than twice as long.
pub fn brief(roots: &[Expr], spelling: Spelling) -> Vec<String> {
    let length = |lines: &[String]| lines.iter().map(String::len).sum::<usize>();
    if roots.iter().fold(0usize, |n, r| n.saturating_add(tree_length(r))) > TREE_LIMIT {
        return let_form(roots, spelling);
    }
    let trees: Vec<String> = roots.iter().map(|r| print(r, spelling)).collect();
    if length(&trees) > GLANCE {
        let lets = let_form(roots, spelling);
        if 2 * length(&lets) < length(&trees) {
            return lets;
        }
    }
    trees
}

/// Expressions in a few words, for messages.
pub fn brief_line(roots: &[Expr]) -> String {
    let mut text = brief(roots, Spelling::Classic).join("; ");
    if text.chars().count() > GLANCE {
        text = text.chars().take(GLANCE).collect::<String>() + "...";
    }
    text
}

/// The names of some nodes.
pub(crate) type Names<'a> = dyn Fn(&Expr) -> Option<String> + 'a;

/// Chooses the nodes that get names and writes each, then the roots, with `write`.
pub(crate) fn shared_form(
    roots: &[Expr],
    write: &dyn Fn(&Expr, &Names<'_>) -> String,
) -> (Vec<(String, String)>, Vec<String>) {
    // An array of numbers is one piece of text.
    let (order, arrays) = without_parts_of_arrays(roots);
    let mut numbers = Numbering::default();
    let number: FxHashMap<usize, u32> = order.iter().map(|e| (e.id(), numbers.number(e))).collect();
    let taken: FxHashSet<&str> = order.iter().filter_map(Expr::name).collect();

    // Uses of each term, counted on the graph of distinct terms.
    let mut uses: FxHashMap<u32, usize> = FxHashMap::default();
    let mut seen = FxHashSet::default();
    for e in &order {
        if seen.insert(number[&e.id()]) {
            let args = if arrays.contains(&e.id()) { &[] } else { e.args() };
            for a in args {
                *uses.entry(number[&a.id()]).or_default() += 1;
            }
        }
    }
    for r in roots {
        *uses.entry(number[&r.id()]).or_default() += 1;
    }

    let mut names: FxHashMap<u32, String> = FxHashMap::default();
    let mut weight: FxHashMap<u32, usize> = FxHashMap::default();
    let mut lines = Vec::new();
    let mut next = 0usize;
    let root_numbers: FxHashSet<u32> = roots.iter().map(|r| number[&r.id()]).collect();
    for e in &order {
        let n = number[&e.id()];
        if e.args().is_empty() || arrays.contains(&e.id()) || weight.contains_key(&n) {
            continue;
        }
        let size =
            1 + e.args().iter().map(|a| weight.get(&number[&a.id()]).copied().unwrap_or(0)).sum::<usize>();
        let shared = uses.get(&n).copied().unwrap_or(0) > 1;
        let only_root = root_numbers.contains(&n) && !shared;
        if (shared || size > LINE) && !only_root {
            let name = loop {
                let candidate = format!("t{next}");
                next += 1;
                if !taken.contains(candidate.as_str()) {
                    break candidate;
                }
            };
            let text = write(e, &|x| named(x, &number, &names));
            lines.push((name.clone(), text));
            names.insert(n, name);
            weight.insert(n, 0);
        } else {
            weight.insert(n, size);
        }
    }
    let roots = roots.iter().map(|r| match named(r, &number, &names) {
        Some(n) => n,
        None => write(r, &|x| named(x, &number, &names)),
    });
    let roots = roots.collect();
    (lines, roots)
}

/// Every node that is not part of an array of numbers, and these arrays.
fn without_parts_of_arrays(roots: &[Expr]) -> (Vec<Expr>, FxHashSet<usize>) {
    let mut order = topological(roots);
    let arrays: FxHashSet<usize> =
        order.iter().filter(|e| crate::expr::constant_of(e).is_some()).map(Expr::id).collect();
    let mut reached: FxHashSet<usize> = roots.iter().map(Expr::id).collect();
    for e in order.iter().rev() {
        if reached.contains(&e.id()) && !arrays.contains(&e.id()) {
            reached.extend(e.args().iter().map(Expr::id));
        }
    }
    order.retain(|e| reached.contains(&e.id()));
    (order, arrays)
}

fn named(e: &Expr, number: &FxHashMap<usize, u32>, names: &FxHashMap<u32, String>) -> Option<String> {
    number.get(&e.id()).and_then(|n| names.get(n)).cloned()
}
