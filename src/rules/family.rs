//! Families of operators that one rule may speak of: `:each (?f FAMILY)`. Taken from the table.

use crate::op::{AttrKind, Kernel, Law, Op, OpDef, Role};

/// A family.
#[derive(Debug)]
pub struct Family {
    /// Its name in rule files.
    pub name: &'static str,
    /// What its members have in common.
    pub doc: &'static str,
    /// Is an operator in it?
    pub holds: fn(&OpDef) -> bool,
}

static FAMILIES: &[Family] = &[
    Family {
        name: "unary",
        doc: "elementwise, one operand",
        holds: |d| d.role == Role::Elementwise && matches!(d.kernel, Kernel::Map1(_)),
    },
    Family {
        name: "binary",
        doc: "elementwise, two operands",
        holds: |d| d.role == Role::Elementwise && matches!(d.kernel, Kernel::Map2(_)),
    },
    Family {
        name: "elementwise",
        doc: "elementwise, any number of operands",
        holds: |d| {
            d.role == Role::Elementwise
                && matches!(d.kernel, Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_))
        },
    },
    Family { name: "reduction", doc: "removes axes", holds: |d| matches!(d.kernel, Kernel::Reduce { .. }) },
    Family { name: "commutative", doc: "f(a, b) = f(b, a)", holds: |d| d.has(Law::Commutative) },
    Family { name: "odd", doc: "f(-a) = -f(a)", holds: |d| d.has(Law::Odd) },
    Family { name: "even", doc: "f(-a) = f(a)", holds: |d| d.has(Law::Even) },
    Family { name: "idempotent", doc: "f(f(a)) = f(a)", holds: |d| d.has(Law::Idempotent) },
    Family { name: "increasing", doc: "never decreases", holds: |d| d.has(Law::Increasing) },
];

/// Every family.
pub fn families() -> &'static [Family] {
    FAMILIES
}

/// The family called `name`.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|f| f.name == name)
}

/// Its members that rules can see and that take `operands` operands, or one less and an attribute,
/// in the order of the table.
pub(super) fn members(family: &Family, operands: usize) -> Vec<Op> {
    let fits = |op: &&Op| {
        let d = op.def();
        let with_attr = d.attr != AttrKind::None && operands > 0 && d.arity.admits(operands - 1);
        (family.holds)(d) && visible(d) && (d.arity.admits(operands) || with_attr)
    };
    Op::ALL.iter().filter(fits).copied().collect()
}

/// Is an operator there when rules are applied? The others are lowered before.
pub(super) fn visible(d: &OpDef) -> bool {
    d.lower.is_none() && !matches!(d.kernel, Kernel::None | Kernel::Length)
}
