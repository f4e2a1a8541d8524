//! Rules as text.

use std::fmt::Write as _;

use super::ast::{AttrPattern, PNode, Pattern, Rule};

impl Rule {
    /// `(* ?x 1) => ?x :when ((float ?x))`, on one line.
    pub fn equation(&self) -> String {
        let mut out = format!("{} => {}", self.side(&self.lhs), self.side(&self.rhs));
        if !self.when.is_empty() {
            let conditions: Vec<String> = self
                .when
                .iter()
                .map(|c| {
                    let args: String = c.args.iter().map(|v| format!(" {}", self.name_of(*v))).collect();
                    format!("({}{args})", c.condition.name)
                })
                .collect();
            let _ = write!(out, " :when ({})", conditions.join(" "));
        }
        out
    }

    fn name_of(&self, v: u32) -> String {
        let name = self.vars.get(v as usize).map_or("?", |(n, _)| &**n);
        if name.starts_with('?') { name.to_string() } else { format!("?{name}") }
    }

    /// One side; patterns are as deep as a line of text, and are built from the leaves up.
    fn side(&self, p: &Pattern) -> String {
        let mut texts: Vec<String> = Vec::with_capacity(p.nodes.len());
        for node in p.nodes.iter() {
            let text = match node {
                PNode::Var(v) => self.name_of(*v),
                PNode::Num(x) if x.fract() == 0.0 && x.abs() < 1e9 => format!("{x}"),
                PNode::Num(x) => crate::expr::float_text(*x),
                PNode::Count { axes, of } => format!("(count {} {})", self.name_of(*axes), self.name_of(*of)),
                PNode::App { op, attr, args } => {
                    let mut text = format!("({}", op.def().name);
                    match attr {
                        AttrPattern::None => {}
                        AttrPattern::Var(v) => {
                            let _ = write!(text, " {}", self.name_of(*v));
                        }
                        AttrPattern::Lit(a) => {
                            let _ = write!(text, " {}", a.text());
                        }
                        AttrPattern::Call(f, vars) => {
                            let vars: String =
                                vars.iter().map(|v| format!(" {}", self.name_of(*v))).collect();
                            let _ = write!(text, " ({}{vars})", f.name);
                        }
                    }
                    for a in args {
                        let _ = write!(text, " {}", texts[*a as usize]);
                    }
                    text + ")"
                }
            };
            texts.push(text);
        }
        texts.pop().unwrap_or_default()
    }
}
