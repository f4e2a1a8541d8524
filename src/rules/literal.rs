//! Words of rule files: names, numbers, literal attributes.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::op::{Attr, AttrKind, Op};
use crate::sexp::{Form, ReadError};
use crate::ty::{DType, Dim};

type Read<T> = Result<T, ReadError>;

/// The operator of a name: asked thousands of times when the standard set loads.
pub(super) fn by_name(name: &str) -> Option<Op> {
    static NAMES: OnceLock<FxHashMap<&'static str, Op>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let all = Op::ALL.iter().flat_map(|&op| {
            let d = op.def();
            d.aliases.iter().copied().chain([d.name]).map(move |n| (n, op))
        });
        all.collect()
    });
    names.get(name).copied()
}

/// A number: what begins as one and is one.
pub(super) fn number(atom: &str) -> Option<f64> {
    let digits = atom.strip_prefix('-').unwrap_or(atom);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.').then(|| atom.parse().ok()).flatten()
}

/// Small letters and digits in words that `-` joins.
pub(super) fn is_kebab(name: &str) -> bool {
    // A word must follow the beginning and every `-`.
    let mut ended = false;
    for b in name.bytes() {
        match b {
            b'-' if ended => ended = false,
            b'a'..=b'z' | b'0'..=b'9' => ended = true,
            _ => return false,
        }
    }
    ended
}

/// What people call an attribute of this kind.
pub(super) fn kind_name(kind: AttrKind) -> &'static str {
    match kind {
        AttrKind::None => "nothing",
        AttrKind::Axes => "axes",
        AttrKind::Axis => "an axis",
        AttrKind::Part => "an axis and a part",
        AttrKind::Perm => "a permutation",
        AttrKind::Dims => "lengths",
        AttrKind::DType => "an element type",
        AttrKind::Index | AttrKind::Places => "an index",
    }
}

/// The word that begins a literal of this kind.
pub(super) fn literal_head(kind: AttrKind) -> &'static str {
    match kind {
        AttrKind::Axes => "axes",
        AttrKind::Axis => "axis",
        AttrKind::Part => "part",
        AttrKind::Perm => "perm",
        AttrKind::Dims => "dims",
        AttrKind::DType => "dtype",
        AttrKind::None | AttrKind::Index | AttrKind::Places => "index",
    }
}

/// Reads a literal whose word has been read.
pub(super) fn literal(form: Form<'_>, members: &[Form<'_>], kind: AttrKind) -> Read<Attr> {
    let natural = |f: &Form<'_>| -> Read<usize> {
        let n = f.atom().and_then(|a| a.parse().ok()).filter(|n| *n < 256);
        n.ok_or_else(|| f.error("expected a natural number"))
    };
    let one = || match members {
        [f] => Ok(f),
        _ => Err(form.error(format!("expected {}", kind_name(kind)))),
    };
    match kind {
        AttrKind::Axes => {
            let axes = members.iter().map(natural).collect::<Read<Vec<usize>>>()?;
            if axes.windows(2).any(|w| w[0] >= w[1]) {
                return Err(form.error("axes must ascend"));
            }
            Ok(Attr::Axes(axes))
        }
        AttrKind::Axis => Ok(Attr::Axis(natural(one()?)?)),
        AttrKind::Part => match members {
            [axis, part] => Ok(Attr::Part(natural(axis)?, natural(part)?)),
            _ => Err(form.error(format!("expected {}", kind_name(kind)))),
        },
        AttrKind::Perm => {
            let entry = |f: &Form<'_>| if f.atom() == Some("x") { Ok(None) } else { natural(f).map(Some) };
            Ok(Attr::Perm(members.iter().map(entry).collect::<Read<Vec<_>>>()?))
        }
        AttrKind::Dims => {
            Ok(Attr::Dims(members.iter().map(|f| natural(f).map(Dim::Known)).collect::<Read<Vec<_>>>()?))
        }
        AttrKind::DType => {
            let f = one()?;
            let d = f.atom().and_then(DType::by_name);
            d.map(Attr::DType).ok_or_else(|| f.error("expected an element type, as `f64`"))
        }
        AttrKind::None | AttrKind::Index | AttrKind::Places => {
            Err(form.error("an index is matched by a variable only"))
        }
    }
}

pub(super) fn operands_text(n: usize) -> String {
    if n == 1 { "1 operand".into() } else { format!("{n} operands") }
}

pub(super) fn variables_text(n: usize) -> String {
    if n == 1 { "1 variable".into() } else { format!("{n} variables") }
}
