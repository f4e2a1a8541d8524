//! Typings: what variables may stand for, and the types of both sides then.

use std::sync::Arc;

use crate::facts::Facts;
use crate::op::{Attr, AttrKind, IndexItem, Op, Role};
use crate::rules::ast::{AttrPattern, PNode, Pattern, Rule, VarKind};
use crate::rules::cond::Known;
use crate::ty::{DType, Dim, Shape, Sym, Ty};

use super::sample::of_constants;

/// What a variable stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    Value(Facts),
    Attr(Attr),
}

impl Bound {
    pub(super) fn known(&self) -> Known<'_> {
        match self {
            Bound::Value(f) => Known::Value(f),
            Bound::Attr(a) => Known::Attr(a),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Bound::Value(f) if f.constant.is_some() => "a number".into(),
            Bound::Value(f) => f.ty.to_string(),
            Bound::Attr(a) => attr_text(a),
        }
    }
}

/// An attribute as rule files write it.
fn attr_text(attr: &Attr) -> String {
    let list = |head: &str, members: Vec<String>| {
        format!("({})", std::iter::once(head.to_string()).chain(members).collect::<Vec<_>>().join(" "))
    };
    match attr {
        Attr::Axes(a) => list("axes", a.iter().map(ToString::to_string).collect()),
        Attr::Perm(p) => list("perm", p.iter().map(|p| p.map_or("x".into(), |a| a.to_string())).collect()),
        Attr::Dims(d) => list("dims", d.iter().map(ToString::to_string).collect()),
        Attr::Axis(a) => format!("(axis {a})"),
        Attr::Part(a, k) => format!("(part {a} {k})"),
        Attr::DType(d) => format!("(dtype {d})"),
        Attr::Index(items) => list("index", items.iter().map(index_text).collect()),
        Attr::None | Attr::AllAxes | Attr::Places(_) => format!("{attr:?}"),
    }
}

fn index_text(item: &IndexItem) -> String {
    let bound = |b: &Option<i64>| b.map_or(String::new(), |b| b.to_string());
    match item {
        IndexItem::At(i) => i.to_string(),
        IndexItem::NewAxis => "newaxis".into(),
        IndexItem::Slice { start, stop, step: 1 } => format!("{}:{}", bound(start), bound(stop)),
        IndexItem::Slice { start, stop, step } => format!("{}:{}:{step}", bound(start), bound(stop)),
    }
}

pub(super) type Typing = Vec<Bound>;

/// A side under a typing: facts and attribute of every node.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) facts: Vec<Facts>,
    pub(super) attrs: Vec<Attr>,
}

impl Typed {
    pub(super) fn ty(&self) -> Option<&Ty> {
        self.facts.last().map(|f| &f.ty)
    }
}

/// Types a side. `Err` gives the reason: operands that do not fit, or an attribute that cannot be
/// computed.
pub(super) fn type_side(side: &Pattern, typing: &Typing) -> Result<Typed, String> {
    let mut out = Typed { facts: Vec::new(), attrs: Vec::new() };
    for node in side.nodes.iter() {
        let (facts, attr) = match node {
            PNode::Var(v) => match typing.get(*v as usize) {
                Some(Bound::Value(f)) => (f.clone(), Attr::None),
                _ => return Err("an attribute where a value is needed".into()),
            },
            PNode::Num(x) => (Facts::constant(*x), Attr::None),
            PNode::Count { axes, of } => (count(typing, *axes, *of).ok_or("nothing to count")?, Attr::None),
            PNode::App { op, attr, args } => {
                let attr = match attr {
                    AttrPattern::None => Attr::None,
                    AttrPattern::Lit(a) => a.clone(),
                    AttrPattern::Var(v) => match typing.get(*v as usize) {
                        Some(Bound::Attr(a)) => a.clone(),
                        _ => return Err("a value where an attribute is needed".into()),
                    },
                    AttrPattern::Call(f, vars) => {
                        let known: Vec<Known<'_>> =
                            vars.iter().map(|v| typing[*v as usize].known()).collect();
                        (f.apply)(&known).ok_or_else(|| format!("`{}` does not apply", f.name))?
                    }
                };
                let of: Vec<&Facts> = args.iter().map(|a| &out.facts[*a as usize]).collect();
                (Facts::of_op(*op, &attr, &of).map_err(|e| e.to_string())?, attr)
            }
        };
        out.facts.push(facts);
        out.attrs.push(attr);
    }
    Ok(out)
}

fn count(typing: &Typing, axes: u32, of: u32) -> Option<Facts> {
    let Bound::Attr(axes) = typing.get(axes as usize)? else { return None };
    let dims: Vec<Dim> = match typing.get(of as usize)? {
        Bound::Value(f) => f.ty.shape.dims().to_vec(),
        Bound::Attr(Attr::Dims(d)) => d.clone(),
        Bound::Attr(_) => return None,
    };
    let along = axes.axes(dims.len()).iter().map(|&a| dims.get(a).cloned()).collect::<Option<Vec<Dim>>>()?;
    match crate::rules::attr_fn::count(&along).known() {
        #[allow(clippy::cast_precision_loss, reason = "a handful")]
        Some(n) => Some(Facts::constant(n as f64)),
        None => Some(Facts::length()),
    }
}

/// Do the conditions on types hold, and those on both types and values admit some value?
pub(super) fn admitted(rule: &Rule, typing: &Typing) -> bool {
    rule.when.iter().filter(|c| c.condition.holds.is_none()).all(|c| {
        let known: Vec<Known<'_>> = c.args.iter().map(|v| typing[*v as usize].known()).collect();
        (c.condition.proved)(&known)
    })
}

/// Does every operator work element by element, but for a filled result? Then types need checking
/// for all shapes, values for scalars only.
pub(super) fn is_elementwise(rule: &Rule) -> bool {
    let elementwise = |op: &Op| op.def().role == Role::Elementwise;
    let left = rule.lhs.nodes.iter().all(|n| match n {
        PNode::App { op, attr, .. } => elementwise(op) && *attr == AttrPattern::None,
        _ => true,
    });
    left && rule.rhs.nodes.iter().all(|n| match n {
        PNode::App { op, attr, .. } => elementwise(op) || matches!(attr, AttrPattern::Call(..)),
        PNode::Count { .. } => false,
        _ => true,
    })
}

/// Every value is a vector of one unknown length (a scalar or a truth value where a condition wants
/// it): the typing under which an elementwise rule may not change the type.
pub(super) fn vectors(rule: &Rule) -> Typing {
    let vector = Ty::new(DType::F64, Shape::new([Dim::Sym(Sym::new("n", "x", 0))]));
    (0..rule.vars.len())
        .map(|v| match values(rule, v).as_slice() {
            [only] => only.clone(),
            some if matches!(some.first(), Some(Bound::Value(f)) if f.ty.dtype == DType::Bool) => {
                Bound::Value(Facts::var(Ty::new(DType::Bool, vector.shape.clone())))
            }
            _ => Bound::Value(Facts::var(vector.clone())),
        })
        .collect()
}

const SHAPES: &[&[usize]] =
    &[&[], &[3], &[2, 3], &[3, 2], &[1, 3], &[2, 1], &[3, 1], &[3, 3], &[0, 3], &[2, 2, 2]];

const POSITIONS: &[&[usize]] = &[&[], &[3], &[2], &[2, 2]];

/// What a variable may stand for, as far as conditions on it alone tell.
fn values(rule: &Rule, v: usize) -> Vec<Bound> {
    let named = |name: &str| {
        rule.when.iter().any(|c| c.condition.name == name && c.args.iter().any(|a| *a as usize == v))
    };
    let constant =
        |c: &crate::rules::ast::Cond| of_constants(c.condition) && c.args.iter().any(|a| *a as usize == v);
    if rule.when.iter().any(constant) {
        return vec![Bound::Value(Facts::constant(2.0))];
    }
    let dtype = match () {
        () if is_position(rule, v) => DType::I64,
        () if named("bool") => DType::Bool,
        () => DType::F64,
    };
    // Positions are one for each row of some shape.
    let shapes = if dtype == DType::I64 { POSITIONS } else { SHAPES };
    let all = shapes.iter().map(|s| Facts::var(Ty::new(dtype, Shape::known(s))));
    let single = |f: &Facts| {
        let alone = |c: &&crate::rules::ast::Cond| {
            c.condition.holds.is_none() && c.args.iter().all(|a| *a as usize == v)
        };
        rule.when.iter().filter(alone).all(|c| (c.condition.proved)(&[Known::Value(f)]))
    };
    all.filter(single).map(Bound::Value).collect()
}

/// Is a variable a position somewhere?
pub(super) fn is_position(rule: &Rule, v: usize) -> bool {
    let is_var = |side: &Pattern, a: u32| matches!(side.nodes[a as usize], PNode::Var(w) if w as usize == v);
    [&rule.lhs, &rule.rhs].into_iter().any(|side| {
        side.nodes.iter().any(|n| match n {
            PNode::App { op, args, .. } => {
                let at = |p: &usize| args.get(*p).is_some_and(|a| is_var(side, *a));
                op.def().positions.iter().any(at)
            }
            _ => false,
        })
    })
}

fn attrs(kind: AttrKind) -> Vec<Attr> {
    let at = IndexItem::At;
    let slice = |start, stop, step| IndexItem::Slice { start, stop, step };
    match kind {
        AttrKind::None => vec![Attr::None],
        // No rule speaks of these: they are made of others.
        AttrKind::Places => Vec::new(),
        AttrKind::Axes => {
            [&[][..], &[0], &[1], &[0, 1], &[2], &[0, 2]].iter().map(|a| Attr::Axes(a.to_vec())).collect()
        }
        AttrKind::Axis => vec![Attr::Axis(0), Attr::Axis(1)],
        AttrKind::Part => vec![Attr::Part(0, 0), Attr::Part(0, 1), Attr::Part(1, 1)],
        AttrKind::Perm => {
            let (x, a, b, c) = (None, Some(0), Some(1), Some(2));
            let all: [&[Option<usize>]; 15] = [
                &[],
                &[x],
                &[a],
                &[b],
                &[x, a],
                &[a, x],
                &[x, b],
                &[b, x],
                &[a, b],
                &[b, a],
                &[x, a, b],
                &[b, x, a],
                &[b, a, x],
                &[c, a, b],
                &[a, c, b],
            ];
            all.iter().map(|p| Attr::Perm(p.to_vec())).collect()
        }
        AttrKind::Dims => {
            let all: [&[usize]; 9] =
                [&[], &[3], &[6], &[2, 3], &[3, 2], &[1, 3], &[2, 1], &[3, 3], &[2, 2, 3]];
            all.iter().map(|d| Attr::Dims(d.iter().map(|n| Dim::Known(*n)).collect())).collect()
        }
        AttrKind::DType => vec![Attr::DType(DType::F64), Attr::DType(DType::F32)],
        AttrKind::Index => vec![
            Attr::Index(vec![at(0)]),
            Attr::Index(vec![slice(Some(0), None, 1)]),
            Attr::Index(vec![at(-1), at(1)]),
            Attr::Index(vec![slice(Some(1), None, 1)]),
            Attr::Index(vec![slice(None, None, -2), at(0)]),
            Attr::Index(vec![IndexItem::NewAxis, slice(None, Some(-1), 1)]),
        ],
    }
}

/// The kind of attribute for which a variable stands.
fn attr_kind(rule: &Rule, v: u32) -> AttrKind {
    let uses = rule.lhs.nodes.iter().find_map(|n| match n {
        PNode::App { op, attr: AttrPattern::Var(w), .. } if *w == v => Some(op.def().attr),
        _ => None,
    });
    uses.unwrap_or(AttrKind::None)
}

/// All typings under which the left side has a type and the conditions on types hold.
pub(super) fn typings(rule: &Rule) -> Vec<(Typing, Typed)> {
    let choices: Vec<Vec<Bound>> = (0u32..)
        .zip(rule.vars.iter())
        .map(|(v, (_, kind)): (u32, &(Arc<str>, VarKind))| match kind {
            VarKind::Value => values(rule, v as usize),
            VarKind::Attr => attrs(attr_kind(rule, v)).into_iter().map(Bound::Attr).collect(),
        })
        .collect();
    let total: usize = choices.iter().map(Vec::len).product();
    let mut out = Vec::new();
    for k in 0..total {
        let mut rest = k;
        let typing: Typing = choices
            .iter()
            .map(|c| {
                let b = c[rest % c.len()].clone();
                rest /= c.len();
                b
            })
            .collect();
        if admitted(rule, &typing)
            && let Ok(left) = type_side(&rule.lhs, &typing)
        {
            out.push((typing, left));
        }
    }
    out
}
