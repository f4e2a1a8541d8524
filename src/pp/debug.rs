//! The tree with an identity for every node, as PyTensor's `debugprint` lays it out.

use rustc_hash::FxHashMap;

use crate::expr::{Expr, Head};
use crate::op::{Attr, OpDef};

/// One line per node: its operator, its attribute, `[id A]`. A node that was shown before is named
/// once more, without what is below it, so the text is linear in the graph.
pub fn debugprint(roots: &[Expr]) -> String {
    let mut out = String::new();
    let mut ids: FxHashMap<usize, usize> = FxHashMap::default();
    // What stands before a node, whether it is the last of its siblings, whether it is a root.
    let mut stack: Vec<(Expr, String, bool, bool)> =
        roots.iter().rev().map(|r| (r.clone(), String::new(), true, true)).collect();
    while let Some((e, before, last, root)) = stack.pop() {
        let next = ids.len();
        let known = ids.get(&e.id()).copied();
        let id = *ids.entry(e.id()).or_insert(next);
        let joint = if root {
            ""
        } else if last {
            " └─ "
        } else {
            " ├─ "
        };
        out.push_str(&format!("{before}{joint}{} [id {}]\n", label(&e), letters(id)));
        let below = if root { String::new() } else { before + if last { "   " } else { " │ " } };
        if known.is_some() {
            if !e.args().is_empty() {
                out.push_str(&format!("{below} └─ ···\n"));
            }
            continue;
        }
        let n = e.args().len();
        for (i, a) in e.args().iter().enumerate().rev() {
            stack.push((a.clone(), below.clone(), i + 1 == n, false));
        }
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

fn label(e: &Expr) -> String {
    match e.head() {
        Head::Var(n) => n.to_string(),
        Head::Lit(l) => l.to_string(),
        Head::Op(op, attr) => {
            let mut name = class(op.def());
            match attr {
                Attr::None | Attr::AllAxes => {}
                Attr::Axes(a) => name.push_str(&format!("{a:?}").replace('[', "{").replace(']', "}")),
                Attr::Part(a, k) => name.push_str(&format!("{{axis={a}}}.{k}")),
                Attr::Axis(a) => name.push_str(&format!("{{{a}}}")),
                Attr::Perm(p) => {
                    let items: Vec<String> =
                        p.iter().map(|p| p.map_or("x".into(), |a| a.to_string())).collect();
                    name.push_str(&format!("{{{}}}", items.join(", ")));
                }
                Attr::Dims(_) | Attr::DType(_) | Attr::Index(_) | Attr::Places(_) => {
                    name.push_str(&format!(" {}", e.ty()));
                }
            }
            name
        }
    }
}

/// The word for an operator, with a capital: `Add`, `True_div`, `Second`.
fn class(row: &OpDef) -> String {
    if let Some(class) = row.class {
        return class.into();
    }
    let words = std::iter::once(row.name).chain(row.aliases.iter().copied());
    let mut words = words.filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic()));
    let word = words.next().unwrap_or(row.name).trim_end_matches('_');
    let mut letters = word.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A, B, ..., Z, BA, BB, ...: numbers to the base of 26.
fn letters(mut n: usize) -> String {
    let mut out = Vec::new();
    loop {
        out.push(char::from(b'A' + u8::try_from(n % 26).unwrap_or(0)));
        n /= 26;
        if n == 0 {
            return out.iter().rev().collect();
        }
    }
}
