//! THE TABLE: one row per operator, nothing else.
//!
//! The head of a row is `form::Variant::method`. `form` says how users write it: `infix` and
//! `prefix` implement Rust's operators, `unary` and `binary` make methods of [`Expr`], `hidden`
//! leaves that to a constructor with more to say (axes, permutations). Rows are Rust expressions,
//! so that rustfmt lays them out; `..OpDef::UNARY` and its siblings supply what most rows share.
//!
//! Derivatives are Theano 1.0.5's, term by term, because raw gradients are printed.

use super::def::{Arity, Derivative, OpDef, Ring, Role};
use super::kernel::{Kernel, Map1, Map2, View, formula2, map1, map2, map3, reduce};
use super::law::{Interval, Law};
use super::pieces::{self, Piece, Pp};
use super::special as f;
use super::{
    Attr, AttrKind, Ints, batch, common, derive, error_fn, gathers, indexed, ints, law, places, polygamma,
    rounding, shaped, through, types, whole,
};
use crate::expr::{Adjoint, Expr, IntoExpr as _, fill, switch};
use crate::math;
use crate::num::Real;
use crate::ty::DType;

/// Declares [`Op`], its rows, and the way users write each operator.
macro_rules! ops {
    ($($form:ident::$variant:ident::$method:ident = $row:expr,)*) => {
        /// An operator. Everything about it is in its row: [`Op::def`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = concat!("See the row of `", stringify!($method), "`.")] $variant,)*
        }

        static ROWS: &[OpDef] = &[$($row),*];

        impl Op {
            /// Every operator, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$variant),*];

            /// Its row.
            pub fn def(self) -> &'static OpDef {
                &ROWS[self as usize]
            }
        }

        $(form!($form, $variant, $method);)*
    };
}

/// What a row's form gives to users.
macro_rules! form {
    (infix, $variant:ident, $method:ident) => {
        crate::expr::impl_infix!($variant, $method);
    };
    (prefix, $variant:ident, $method:ident) => {
        impl std::ops::$variant for Expr {
            type Output = Expr;
            #[track_caller]
            fn $method(self) -> Expr {
                Expr::apply(Op::$variant, Attr::None, [self])
            }
        }
        impl std::ops::$variant for &Expr {
            type Output = Expr;
            #[track_caller]
            fn $method(self) -> Expr {
                Expr::apply(Op::$variant, Attr::None, [self.clone()])
            }
        }
    };
    (unary, $variant:ident, $method:ident) => {
        impl Expr {
            #[doc = concat!("`", stringify!($method), "` of every element.")]
            #[must_use]
            #[track_caller]
            pub fn $method(&self) -> Expr {
                Expr::apply(Op::$variant, Attr::None, [self.clone()])
            }
        }
    };
    (binary, $variant:ident, $method:ident) => {
        impl Expr {
            #[doc = concat!("`", stringify!($method), "` of this and another, broadcast together.")]
            ///
            /// # Panics
            /// The shapes do not broadcast.
            #[must_use]
            #[track_caller]
            pub fn $method(&self, other: impl crate::expr::IntoExpr) -> Expr {
                Expr::apply(Op::$variant, Attr::None, [self.clone(), other.into_expr()])
            }
        }
    };
    (hidden, $variant:ident, $method:ident) => {};
}

/// Additions per element of a matrix that a factorization takes, for a side of 100.
const LU: f64 = 70.0;

/// Every position but the first, for operands that only tell lengths.
const BEHIND: [usize; 255] = {
    let mut all = [0; 255];
    let mut i = 0;
    while i < all.len() {
        all[i] = i + 1;
        i += 1;
    }
    all
};

/// The constant `sqrt(pi)/2` as doubles compute it, and as Theano prints it: 0.65 of a unit in the last place too small.
const HALF_SQRT_PI: f64 = 0.886_226_925_452_757_9;

/// The constant `2/sqrt(pi)`.
const ERF_SLOPE: f64 = std::f64::consts::FRAC_2_SQRT_PI;

fn r(x: f64) -> Real {
    Real::from(x)
}

fn truth(b: bool) -> f64 {
    f64::from(u8::from(b))
}

ops!(
    infix::Add::add = OpDef {
        name: "+",
        aliases: &["add"],
        doc: "Elementwise sum.",
        arity: Arity::AtLeast(2),
        pp: Pp::Infix(" + "),
        plain: Pp::Infix(" + "),
        derivative: Derivative::Any(|v, _| v.g()),
        kernel: map2!(|a, b| a + b),
        ints: Ints::Two(i64::wrapping_add),
        real: Some(|x| x.iter().skip(1).fold(x[0].clone(), |a, b| &a + b)),
        laws: &[
            Law::Commutative,
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo + x[1].lo, hi: x[0].hi + x[1].hi }),
            Law::Nonzero(|x| {
                let same_side = x[0].range.lo >= 0.0 && x[1].range.lo >= 0.0
                    || x[0].range.hi <= 0.0 && x[1].range.hi <= 0.0;
                same_side && (x[0].nonzero || x[1].nonzero)
            }),
        ],
        ring: Ring::Sum,
        ..OpDef::BINARY
    },
    infix::Sub::sub = OpDef {
        name: "-",
        aliases: &["sub", "subtract"],
        doc: "Elementwise difference.",
        pp: Pp::Infix(" - "),
        plain: Pp::Infix(" - "),
        derivative: Derivative::Each(&[|v| v.g(), |v| -v.g()]),
        kernel: map2!(|a, b| a - b),
        ints: Ints::Two(i64::wrapping_sub),
        real: Some(|x| &x[0] - &x[1]),
        laws: &[Law::Integral, Law::Range(|x| Interval { lo: x[0].lo - x[1].hi, hi: x[0].hi - x[1].lo }),],
        ring: Ring::Difference,
        ..OpDef::BINARY
    },
    infix::Mul::mul = OpDef {
        name: "*",
        aliases: &["mul", "multiply"],
        doc: "Elementwise product.",
        arity: Arity::AtLeast(2),
        pp: Pp::Infix(" * "),
        plain: Pp::Infix(" * "),
        derivative: Derivative::Any(times_others),
        kernel: map2!(|a, b| a * b),
        ints: Ints::Two(i64::wrapping_mul),
        real: Some(|x| x.iter().skip(1).fold(x[0].clone(), |a, b| &a * b)),
        laws: &[
            Law::Commutative,
            Law::Integral,
            Law::Range(|x| law::product_range(x[0], x[1])),
            Law::Nonzero(|x| x[0].nonzero && x[1].nonzero),
        ],
        ring: Ring::Product,
        ..OpDef::BINARY
    },
    infix::Div::div = OpDef {
        name: "/",
        aliases: &["div", "true_div", "true_divide", "divide"],
        doc: "Elementwise quotient, always a float.",
        class: Some("True_div"),
        latex: Some("\\frac{#0}{#1}"),
        ty: types::divide,
        pp: Pp::Infix(" / "),
        plain: Pp::Infix(" / "),
        derivative: Derivative::Each(&[|v| v.g() / v.x(1), |v| -(v.g() * v.x(0)) / (v.x(1) * v.x(1)),]),
        kernel: map2!(|a, b| a / b),
        real: Some(|x| &x[0] / &x[1]),
        cost: 3.0,
        laws: &[Law::Range(|x| law::quotient_range(x[0], x[1])), Law::Nonzero(|x| x[0].nonzero),],
        ring: Ring::Quotient,
        ..OpDef::BINARY
    },
    binary::Pow::pow = OpDef {
        name: "**",
        aliases: &["pow", "power"],
        doc: "Elementwise power; the integer part, 0 for a base of 0, where an integer has a negative exponent.",
        latex: Some("!0^{#1}"),
        pp: Pp::Infix(" ** "),
        plain: Pp::Infix(" ** "),
        derivative: Derivative::Each(&[
            |v| (v.g() * v.x(1)) * v.x(0).pow(v.x(1) - 1),
            |v| switch(&v.x(0).eq(0), 0, (v.g() * v.x(0).log()) * v.x(0).pow(v.x(1))),
        ]),
        kernel: Map2::of::<math::Pow>(),
        ints: Ints::Two(ints::power),
        real: Some(|x| x[0].pow(&x[1])),
        cost: 30.0,
        laws: &[
            Law::Range(|x| if x[0].lo >= 0.0 { Interval::NONNEG } else { Interval::ALL }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ring: Ring::Power,
        ..OpDef::BINARY
    },
    binary::Mod::modulo = OpDef {
        name: "mod",
        aliases: &["%", "remainder"],
        doc: "The remainder of floored division; it has the sign of the divisor.",
        latex: Some("!0 \\bmod !1"),
        plain: Pp::Infix(" % "),
        derivative: Derivative::Each(&[|v| v.g(), |v| -v.x(0).int_div(v.x(1)) * v.g()]),
        kernel: map2!(rounding::modulo),
        ints: Ints::Two(ints::floor_mod),
        converted_zero: false,
        cost: 10.0,
        common: Some(common::scalar::modulo),
        ..OpDef::BINARY
    },
    binary::IntDiv::int_div = OpDef {
        name: "int_div",
        aliases: &["//", "floor_divide", "floor_div"],
        doc: "Floored division.",
        latex: Some("\\left\\lfloor \\frac{#0}{#1}\\right\\rfloor"),
        pp: Pp::Infix(" // "),
        plain: Pp::Infix(" // "),
        derivative: Derivative::Any(derive::zeros_like_broadcast),
        kernel: map2!(rounding::int_div),
        ints: Ints::Two(ints::floor_div),
        converted_zero: false,
        cost: 10.0,
        common: Some(common::scalar::int_div),
        ..OpDef::BINARY
    },
    binary::Xlogy::xlogy = OpDef {
        name: "xlogy",
        doc: "x * log(y), and zero where x is.",
        ty: types::divide,
        derivative: Derivative::Each(&[|v| v.g() * v.x(1).log(), |v| (v.g() * v.x(0)) / v.x(1)]),
        kernel: map2!(f::xlogy),
        real: Some(|x| if x[0].is_zero() { r(0.0) } else { &x[0] * &x[1].ln() }),
        cost: 16.0,
        common: Some(common::scalar::xlogy),
        ..OpDef::BINARY
    },
    binary::Xlog1py::xlog1py = OpDef {
        name: "xlog1py",
        doc: "x * log1p(y), and zero where x is.",
        ty: types::divide,
        derivative: Derivative::Each(&[|v| v.g() * v.x(1).log1p(), |v| (v.g() * v.x(0)) / (1 + v.x(1))]),
        kernel: map2!(f::xlog1py),
        real: Some(|x| if x[0].is_zero() { r(0.0) } else { &x[0] * &f::real_log1p(&x[1]) }),
        cost: 17.0,
        common: Some(common::scalar::xlog1py),
        ..OpDef::BINARY
    },
    prefix::Neg::neg = OpDef {
        name: "neg",
        converted_zero: true,
        aliases: &["negative"],
        doc: "Elementwise opposite.",
        ty: types::like,
        pp: Pp::Prefix("-"),
        plain: Pp::Prefix("-"),
        derivative: Derivative::Each(&[|v| -v.g()]),
        kernel: map1!(|a| -a),
        ints: Ints::One(i64::wrapping_neg),
        real: Some(|x| -&x[0]),
        laws: &[
            Law::Odd,
            Law::Integral,
            Law::Range(|x| Interval { lo: -x[0].hi, hi: -x[0].lo }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ring: Ring::Opposite,
        ..OpDef::UNARY
    },
    unary::Reciprocal::reciprocal = OpDef {
        name: "reciprocal",
        aliases: &["recip"],
        doc: "One over each element.",
        latex: Some("\\frac{1}{#0}"),
        pp: Pp::Call(Some("inv")),
        derivative: Derivative::Each(&[|v| -v.g() / (v.x(0) * v.x(0))]),
        real: Some(|x| r(1.0) / x[0].clone()),
        cost: 3.0,
        lower: Some(|x, _| 1.0 / &x[0]),
        common: Some(common::scalar::reciprocal),
        ..OpDef::UNARY
    },
    unary::Abs::abs = OpDef {
        name: "abs",
        converted_zero: true,
        aliases: &["fabs", "abs_", "absolute"],
        doc: "Elementwise absolute value.",
        ty: types::like,
        pp: Pp::Bars,
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).sgn()]),
        kernel: map1!(|a| a.abs()),
        ints: Ints::One(i64::wrapping_abs),
        real: Some(|x| x[0].abs()),
        laws: &[
            Law::Even,
            Law::Idempotent,
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.max(-x[0].hi).max(0.0), hi: x[0].hi.max(-x[0].lo) }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Sgn::sgn = OpDef {
        name: "sgn",
        converted_zero: true,
        aliases: &["sign"],
        class: Some("Sign"),
        doc: "-1, 0 or 1 by the sign of each element; 0 keeps its sign.",
        ty: types::like,
        plain: Pp::Call(Some("sign")),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: map1!(|a| f::sgn(a)),
        ints: Ints::One(i64::signum),
        real: Some(|x| {
            r(if x[0].is_nan() { f64::NAN } else { truth(x[0] > r(0.0)) - truth(x[0] < r(0.0)) })
        }),
        laws: &[
            Law::Odd,
            Law::Idempotent,
            Law::Integral,
            Law::Range(|_| Interval { lo: -1.0, hi: 1.0 }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Sqr::sqr = OpDef {
        name: "sqr",
        converted_zero: true,
        aliases: &["square"],
        doc: "Elementwise square.",
        latex: Some("!0^{2}"),
        ty: types::like,
        derivative: Derivative::Each(&[|v| (v.g() * v.x(0)) * 2]),
        kernel: map1!(|a| a * a),
        ints: Ints::One(|a| a.wrapping_mul(a)),
        real: Some(|x| &x[0] * &x[0]),
        laws: &[Law::Even, Law::Integral, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|x| x[0].nonzero),],
        ring: Ring::Square,
        ..OpDef::UNARY
    },
    unary::Sqrt::sqrt = OpDef {
        name: "sqrt",
        doc: "Elementwise square root; NaN below zero.",
        latex: Some("\\sqrt{#0}"),
        derivative: Derivative::Each(&[|v| (v.g() * 0.5) / v.x(0).sqrt()]),
        kernel: map1!(|a| a.sqrt()),
        real: Some(|x| x[0].sqrt()),
        cost: 4.0,
        laws: &[Law::Increasing, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|x| x[0].nonzero)],
        ring: Ring::Root,
        ..OpDef::UNARY
    },
    unary::Exp::exp = OpDef {
        name: "exp",
        doc: "Elementwise exponential.",
        latex: Some("e^{#0}"),
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).exp()]),
        kernel: Map1::of::<math::Exp>(),
        real: Some(|x| x[0].exp()),
        cost: 15.0,
        laws: &[Law::Increasing, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Exp2::exp2 = OpDef {
        name: "exp2",
        doc: "Elementwise power of 2.",
        latex: Some("2^{#0}"),
        derivative: Derivative::Each(&[|v| (v.g() * v.x(0).exp2()) * derive::number(v, 2).log()]),
        kernel: Map1::of::<math::Exp2>(),
        real: Some(|x| r(2.0).pow(&x[0])),
        cost: 15.0,
        laws: &[Law::Increasing, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        common: Some(common::scalar::exp2),
        ..OpDef::UNARY
    },
    unary::Log::log = OpDef {
        name: "log",
        aliases: &["ln"],
        doc: "Elementwise natural logarithm; NaN below zero.",
        derivative: Derivative::Each(&[|v| v.g() / v.x(0)]),
        kernel: Map1::of::<math::Log>(),
        real: Some(|x| x[0].ln()),
        cost: 15.0,
        laws: &[Law::Increasing],
        ..OpDef::UNARY
    },
    unary::Log2::log2 = OpDef {
        name: "log2",
        doc: "Elementwise logarithm to base 2; NaN below zero.",
        latex: Some("\\log_{2}\\left(#0\\right)"),
        derivative: Derivative::Each(&[|v| v.g() / (v.x(0) * derive::held(v, std::f64::consts::LN_2))]),
        kernel: map1!(libm::log2),
        real: Some(|x| x[0].ln() / r(2.0).ln()),
        cost: 15.0,
        common: Some(common::scalar::log2),
        ..OpDef::UNARY
    },
    unary::Log10::log10 = OpDef {
        name: "log10",
        doc: "Elementwise logarithm to base 10; NaN below zero.",
        latex: Some("\\log_{10}\\left(#0\\right)"),
        derivative: Derivative::Each(&[|v| v.g() / (v.x(0) * derive::held(v, std::f64::consts::LN_10))]),
        kernel: map1!(libm::log10),
        real: Some(|x| x[0].ln() / r(10.0).ln()),
        cost: 15.0,
        common: Some(common::scalar::log10),
        ..OpDef::UNARY
    },
    unary::Log1p::log1p = OpDef {
        name: "log1p",
        doc: "log(1 + x), accurate near zero; NaN below -1.",
        latex: Some("\\log\\left(1 + !0\\right)"),
        derivative: Derivative::Each(&[|v| v.g() / (1 + v.x(0))]),
        kernel: Map1::of::<math::Log1p>(),
        real: Some(|x| f::real_log1p(&x[0])),
        cost: 16.0,
        laws: &[
            Law::Increasing,
            Law::Range(|x| if x[0].lo >= 0.0 { Interval::NONNEG } else { Interval::ALL }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Expm1::expm1 = OpDef {
        name: "expm1",
        doc: "exp(x) - 1, accurate near zero.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).exp()]),
        kernel: Map1::of::<math::Expm1>(),
        real: Some(|x| f::real_expm1(&x[0])),
        cost: 16.0,
        laws: &[
            Law::Increasing,
            Law::Range(|x| Interval { lo: if x[0].lo >= 0.0 { 0.0 } else { -1.0 }, hi: f64::INFINITY }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Log1mexp::log1mexp = OpDef {
        name: "log1mexp",
        doc: "log(1 - exp(x)) for x below zero, accurate near zero; NaN above it.",
        derivative: Derivative::Each(&[|v| {
            let r = -1.0 / (-v.x(0)).expm1();
            v.g() * switch(&r.isinf(), f64::NEG_INFINITY, &r)
        }]),
        kernel: map1!(f::log1mexp),
        real: Some(|x| (r(1.0) - x[0].exp()).ln()),
        cost: 30.0,
        laws: &[Law::Range(|_| Interval { lo: f64::NEG_INFINITY, hi: 0.0 })],
        common: Some(common::scalar::log1mexp),
        ..OpDef::UNARY
    },
    unary::Sin::sin = OpDef {
        name: "sin",
        doc: "Elementwise sine.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).cos()]),
        kernel: Map1::of::<math::Sin>(),
        real: Some(|x| x[0].sin()),
        cost: 15.0,
        laws: &[Law::Odd, Law::Range(|_| Interval { lo: -1.0, hi: 1.0 })],
        ..OpDef::UNARY
    },
    unary::Cos::cos = OpDef {
        name: "cos",
        doc: "Elementwise cosine.",
        derivative: Derivative::Each(&[|v| -v.g() * v.x(0).sin()]),
        kernel: Map1::of::<math::Cos>(),
        real: Some(|x| x[0].cos()),
        cost: 15.0,
        laws: &[Law::Even, Law::Range(|_| Interval { lo: -1.0, hi: 1.0 })],
        ..OpDef::UNARY
    },
    unary::Tan::tan = OpDef {
        name: "tan",
        doc: "Elementwise tangent.",
        derivative: Derivative::Each(&[|v| v.g() / v.x(0).cos().sqr()]),
        kernel: Map1::of::<math::Tan>(),
        real: Some(|x| x[0].sin() / x[0].cos()),
        cost: 20.0,
        laws: &[Law::Odd],
        ..OpDef::UNARY
    },
    unary::Arcsin::arcsin = OpDef {
        name: "arcsin",
        aliases: &["asin"],
        doc: "Elementwise inverse sine; NaN outside [-1, 1].",
        plain: Pp::Call(Some("asin")),
        derivative: Derivative::Each(&[|v| v.g() / (derive::unit(v) - v.x(0).sqr()).sqrt()]),
        kernel: map1!(libm::asin),
        cost: 20.0,
        laws: &[Law::Odd, Law::Increasing, Law::Range(|_| Interval { lo: -1.6, hi: 1.6 })],
        ..OpDef::UNARY
    },
    unary::Arccos::arccos = OpDef {
        name: "arccos",
        aliases: &["acos"],
        doc: "Elementwise inverse cosine; NaN outside [-1, 1].",
        plain: Pp::Call(Some("acos")),
        derivative: Derivative::Each(&[|v| -v.g() / (derive::unit(v) - v.x(0).sqr()).sqrt()]),
        kernel: map1!(libm::acos),
        cost: 20.0,
        laws: &[Law::Range(|_| Interval { lo: 0.0, hi: 3.2 })],
        ..OpDef::UNARY
    },
    unary::Arctan::arctan = OpDef {
        name: "arctan",
        aliases: &["atan"],
        doc: "Elementwise inverse tangent.",
        plain: Pp::Call(Some("atan")),
        derivative: Derivative::Each(&[|v| v.g() / (derive::unit(v) + v.x(0).sqr())]),
        kernel: map1!(libm::atan),
        real: Some(|x| x[0].atan()),
        cost: 20.0,
        laws: &[
            Law::Odd,
            Law::Increasing,
            Law::Range(|_| Interval { lo: -1.6, hi: 1.6 }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Arcsinh::arcsinh = OpDef {
        name: "arcsinh",
        aliases: &["asinh"],
        doc: "Elementwise inverse hyperbolic sine.",
        plain: Pp::Call(Some("asinh")),
        derivative: Derivative::Each(&[|v| v.g() / (v.x(0).sqr() + derive::unit(v)).sqrt()]),
        kernel: map1!(libm::asinh),
        real: Some(|x| f::real_asinh(&x[0])),
        cost: 25.0,
        laws: &[Law::Odd, Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::UNARY
    },
    unary::Arccosh::arccosh = OpDef {
        name: "arccosh",
        aliases: &["acosh"],
        doc: "Elementwise inverse hyperbolic cosine; NaN below 1.",
        plain: Pp::Call(Some("acosh")),
        derivative: Derivative::Each(&[|v| v.g() / (v.x(0).sqr() - derive::unit(v)).sqrt()]),
        kernel: map1!(libm::acosh),
        cost: 25.0,
        laws: &[Law::Range(|_| Interval::NONNEG)],
        ..OpDef::UNARY
    },
    unary::Arctanh::arctanh = OpDef {
        name: "arctanh",
        aliases: &["atanh"],
        doc: "Elementwise inverse hyperbolic tangent; NaN outside [-1, 1].",
        plain: Pp::Call(Some("atanh")),
        derivative: Derivative::Each(&[|v| v.g() / (derive::unit(v) - v.x(0).sqr())]),
        kernel: map1!(libm::atanh),
        cost: 25.0,
        laws: &[Law::Odd, Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::UNARY
    },
    unary::Deg2rad::deg2rad = OpDef {
        name: "deg2rad",
        doc: "Degrees to radians.",
        latex: Some("\\frac{\\pi}{180} \\, !0"),
        derivative: Derivative::Each(&[|v| v.g() * (std::f64::consts::PI / 180.0)]),
        kernel: map1!(|a| a * L::splat(std::f64::consts::PI / 180.0)),
        cost: 1.0,
        laws: &[Law::Odd],
        common: Some(common::scalar::deg2rad),
        ..OpDef::UNARY
    },
    unary::Rad2deg::rad2deg = OpDef {
        name: "rad2deg",
        doc: "Radians to degrees.",
        latex: Some("\\frac{180}{\\pi} \\, !0"),
        derivative: Derivative::Each(&[|v| v.g() * (180.0 / std::f64::consts::PI)]),
        kernel: map1!(|a| a * L::splat(180.0 / std::f64::consts::PI)),
        cost: 1.0,
        laws: &[Law::Odd],
        common: Some(common::scalar::rad2deg),
        ..OpDef::UNARY
    },
    unary::Sinh::sinh = OpDef {
        name: "sinh",
        doc: "Elementwise hyperbolic sine.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).cosh()]),
        kernel: Map1::of::<math::Sinh>(),
        real: Some(|x| (x[0].exp() - (-&x[0]).exp()) / r(2.0)),
        cost: 20.0,
        laws: &[Law::Odd, Law::Increasing],
        ..OpDef::UNARY
    },
    unary::Cosh::cosh = OpDef {
        name: "cosh",
        doc: "Elementwise hyperbolic cosine.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).sinh()]),
        kernel: Map1::of::<math::Cosh>(),
        real: Some(|x| (x[0].exp() + (-&x[0]).exp()) / r(2.0)),
        cost: 20.0,
        laws: &[Law::Even, Law::Range(|_| Interval { lo: 1.0, hi: f64::INFINITY }), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Tanh::tanh = OpDef {
        name: "tanh",
        doc: "Elementwise hyperbolic tangent.",
        derivative: Derivative::Each(&[|v| v.g() * (1 - v.x(0).tanh().sqr())]),
        kernel: Map1::of::<math::Tanh>(),
        real: Some(|x| f::real_tanh(&x[0])),
        cost: 15.0,
        laws: &[
            Law::Odd,
            Law::Range(|x| Interval { lo: if x[0].lo >= 0.0 { 0.0 } else { -1.0 }, hi: 1.0 }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Sigmoid::sigmoid = OpDef {
        name: "sigmoid",
        aliases: &["logistic"],
        doc: "The logistic function 1 / (1 + exp(-x)), without overflow.",
        latex: Some("\\sigma\\left(#0\\right)"),
        // Two nodes, as in Theano: it shows in second derivatives.
        derivative: Derivative::Each(&[|v| (v.g() * v.x(0).sigmoid()) * (1.0 - v.x(0).sigmoid())]),
        kernel: Map1::of::<math::Sigmoid>(),
        real: Some(|x| r(1.0) / (r(1.0) + (-&x[0]).exp())),
        cost: 15.0,
        common_cost: 8.0,
        common_up_to_sign: true,
        laws: &[Law::Range(|x| law::sigmoid_range(x[0])), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Softplus::softplus = OpDef {
        name: "softplus",
        doc: "log(1 + exp(x)), without overflow.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).sigmoid()]),
        kernel: Map1::of::<math::Softplus>(),
        real: Some(|x| f::real_log1p(&x[0].exp())),
        cost: 15.0,
        common_cost: 8.0,
        common_up_to_sign: true,
        laws: &[Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Erf::erf = OpDef {
        name: "erf",
        doc: "The error function.",
        derivative: Derivative::Each(&[|v| (v.g() * derive::held(v, ERF_SLOPE)) * (-v.x(0) * v.x(0)).exp()]),
        kernel: Map1::of::<math::Erf>(),
        real: Some(|x| f::real_erf(&x[0])),
        cost: 15.0,
        laws: &[Law::Odd, Law::Range(|_| Interval { lo: -1.0, hi: 1.0 }), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::UNARY
    },
    unary::Erfc::erfc = OpDef {
        name: "erfc",
        doc: "The complementary error function 1 - erf(x), accurate where it is small.",
        derivative: Derivative::Each(&[|v| (-v.g() * derive::held(v, ERF_SLOPE)) * (-v.x(0) * v.x(0)).exp()]),
        kernel: Map1::of::<math::Erfc>(),
        real: Some(|x| f::real_erfc(&x[0])),
        cost: 15.0,
        laws: &[Law::Range(|_| Interval { lo: 0.0, hi: 2.0 }), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Erfcx::erfcx = OpDef {
        name: "erfcx",
        doc: "exp(x * x) * erfc(x), without underflow.",
        derivative: Derivative::Each(&[
            |v| v.g() * (-derive::held(v, ERF_SLOPE) + (2.0 * v.x(0)) * v.x(0).erfcx())
        ]),
        kernel: map1!(error_fn::erfcx),
        real: Some(|x| (&x[0] * &x[0]).exp() * f::real_erfc(&x[0])),
        cost: 40.0,
        laws: &[Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        common: Some(common::scalar::erfcx),
        ..OpDef::UNARY
    },
    unary::Erfinv::erfinv = OpDef {
        name: "erfinv",
        doc: "The inverse of erf; NaN outside [-1, 1].",
        derivative: Derivative::Each(&[
            |v| (v.g() * derive::held(v, HALF_SQRT_PI)) * v.x(0).erfinv().pow(2).exp()
        ]),
        kernel: map1!(error_fn::erfinv),
        cost: 100.0,
        laws: &[Law::Odd, Law::Nonzero(|x| x[0].nonzero)],
        common: Some(common::scalar::erfinv),
        ..OpDef::UNARY
    },
    unary::Erfcinv::erfcinv = OpDef {
        name: "erfcinv",
        doc: "The inverse of erfc; NaN outside [0, 2].",
        derivative: Derivative::Each(&[
            |v| (-v.g() * derive::held(v, HALF_SQRT_PI)) * v.x(0).erfcinv().pow(2).exp()
        ]),
        kernel: map1!(error_fn::erfcinv),
        cost: 100.0,
        common: Some(common::scalar::erfcinv),
        ..OpDef::UNARY
    },
    unary::Gamma::gamma = OpDef {
        name: "gamma",
        aliases: &["tgamma"],
        doc: "The gamma function.",
        latex: Some("\\Gamma\\left(#0\\right)"),
        derivative: Derivative::Each(&[|v| (v.g() * v.x(0).gamma()) * v.x(0).psi()]),
        kernel: map1!(libm::tgamma),
        cost: 20.0,
        laws: &[Law::Nonzero(|_| true)],
        common: Some(common::scalar::gamma),
        ..OpDef::UNARY
    },
    unary::Gammaln::gammaln = OpDef {
        name: "gammaln",
        aliases: &["lgamma", "log_gamma"],
        doc: "The logarithm of the absolute value of the gamma function.",
        latex: Some("\\log \\left|\\Gamma\\left(#0\\right)\\right|"),
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).psi()]),
        kernel: map1!(f::gammaln),
        cost: 15.0,
        ..OpDef::UNARY
    },
    unary::Psi::psi = OpDef {
        name: "psi",
        aliases: &["digamma"],
        doc: "The derivative of gammaln.",
        latex: Some("\\psi\\left(#0\\right)"),
        plain: Pp::Call(Some("digamma")),
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).tri_gamma()]),
        kernel: map1!(f::psi),
        cost: 15.0,
        ..OpDef::UNARY
    },
    unary::TriGamma::tri_gamma = OpDef {
        name: "tri_gamma",
        aliases: &["trigamma"],
        doc: "The derivative of psi.",
        latex: Some("\\psi'\\left(#0\\right)"),
        derivative: Derivative::Each(&[|v| v.g() * 2.into_expr().polygamma(v.x(0))]),
        kernel: map1!(f::tri_gamma),
        cost: 20.0,
        laws: &[Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        common: Some(common::scalar::tri_gamma),
        ..OpDef::UNARY
    },
    binary::Polygamma::polygamma = OpDef {
        name: "polygamma",
        doc: "The derivative of psi of the order that the first operand says, an integer of 0 to 60.",
        latex: Some("\\psi^{\\left(#0\\right)}\\left(#1\\right)"),
        ty: types::divide,
        derivative: Derivative::Each(&[|v| v.g(), |v| v.g() * (v.x(0) + 1).polygamma(v.x(1))]),
        disconnected: &[0],
        kernel: map2!(polygamma::polygamma),
        cost: 200.0,
        common: Some(common::scalar::polygamma),
        ..OpDef::BINARY
    },
    unary::Relu::relu = OpDef {
        name: "relu",
        doc: "maximum(x, 0).",
        ty: types::like,
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).gt(0)]),
        lower: Some(|x, _| x[0].maximum(0)),
        ..OpDef::UNARY
    },
    unary::Softsign::softsign = OpDef {
        name: "softsign",
        doc: "x / (1 + |x|).",
        ty: types::float,
        derivative: Derivative::Each(&[|v| v.g() / (derive::below_softsign(v) * derive::below_softsign(v))]),
        real: Some(|x| x[0].clone() / (r(1.0) + x[0].abs())),
        lower: Some(|x, _| &x[0] / (1.0 + x[0].abs())),
        common: Some(common::scalar::softsign),
        ..OpDef::UNARY
    },
    unary::Floor::floor = OpDef {
        name: "floor",
        doc: "The largest integer not above each element.",
        latex: Some("\\left\\lfloor #0\\right\\rfloor"),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: map1!(|a| a.floor()),
        cost: 1.0,
        laws: &[Law::Integral, Law::Idempotent],
        ..OpDef::UNARY
    },
    unary::Ceil::ceil = OpDef {
        name: "ceil",
        doc: "The smallest integer not below each element.",
        latex: Some("\\left\\lceil #0\\right\\rceil"),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: map1!(|a| -(-a).floor()),
        cost: 1.0,
        laws: &[Law::Integral, Law::Idempotent],
        ..OpDef::UNARY
    },
    unary::RoundHalfToEven::round_half_to_even = OpDef {
        name: "round_half_to_even",
        aliases: &["round"],
        doc: "The nearest integer; a half goes to the even one.",
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: map1!(|a| a.nearest()),
        cost: 1.0,
        laws: &[Law::Integral, Law::Idempotent, Law::Odd],
        common: Some(common::scalar::half_even),
        ..OpDef::UNARY
    },
    unary::RoundHalfAwayFromZero::round_half_away_from_zero = OpDef {
        name: "round_half_away_from_zero",
        doc: "The nearest integer; a half goes away from zero.",
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: map1!(rounding::half_away),
        cost: 1.0,
        laws: &[Law::Integral, Law::Idempotent, Law::Odd],
        common: Some(common::scalar::half_away),
        ..OpDef::UNARY
    },
    unary::Trunc::trunc = OpDef {
        name: "trunc",
        doc: "The integer part of each element.",
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        converted_zero: true,
        kernel: map1!(libm::trunc),
        cost: 1.0,
        laws: &[Law::Integral, Law::Idempotent, Law::Odd],
        common: Some(common::scalar::trunc),
        ..OpDef::UNARY
    },
    binary::Arctan2::arctan2 = OpDef {
        name: "arctan2",
        aliases: &["atan2"],
        doc: "The angle of the point (x, y), y first.",
        ty: types::divide,
        plain: Pp::Call(Some("atan2")),
        derivative: Derivative::Each(&[
            |v| (v.g() * v.x(1)) / (v.x(1).sqr() + v.x(0).sqr()),
            |v| (v.g() * -v.x(0)) / (v.x(1).sqr() + v.x(0).sqr()),
        ]),
        kernel: map2!(libm::atan2),
        cost: 25.0,
        laws: &[Law::Range(|_| Interval { lo: -3.2, hi: 3.2 })],
        ..OpDef::BINARY
    },
    binary::Maximum::maximum = OpDef {
        name: "maximum",
        doc: "The larger of two elements; NaN if either is. A tie's gradient goes to the first.",
        derivative: Derivative::Each(&[
            |v| v.x(0).maximum(v.x(1)).eq(v.x(0)) * v.g(),
            |v| (1.0 - v.x(0).maximum(v.x(1)).eq(v.x(0))) * v.g(),
        ]),
        kernel: map2!(|a, b| a.maximum(b)),
        ints: Ints::Two(i64::max),
        real: Some(|x| if x[0].is_nan() || x[0] >= x[1] { x[0].clone() } else { x[1].clone() }),
        laws: &[
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.max(x[1].lo), hi: x[0].hi.max(x[1].hi) }),
            Law::Nonzero(|x| {
                x[0].nonzero && x[1].nonzero || x.iter().any(|a| a.nonzero && a.range.lo >= 0.0)
            }),
        ],
        ..OpDef::BINARY
    },
    binary::Minimum::minimum = OpDef {
        name: "minimum",
        doc: "The smaller of two elements; NaN if either is. A tie's gradient goes to the first.",
        derivative: Derivative::Each(&[
            |v| v.x(0).minimum(v.x(1)).eq(v.x(0)) * v.g(),
            |v| (1.0 - v.x(0).minimum(v.x(1)).eq(v.x(0))) * v.g(),
        ]),
        kernel: map2!(|a, b| a.minimum(b)),
        ints: Ints::Two(i64::min),
        real: Some(|x| if x[0].is_nan() || x[0] <= x[1] { x[0].clone() } else { x[1].clone() }),
        laws: &[
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.min(x[1].lo), hi: x[0].hi.min(x[1].hi) }),
            Law::Nonzero(|x| {
                x[0].nonzero && x[1].nonzero || x.iter().any(|a| a.nonzero && a.range.hi <= 0.0)
            }),
        ],
        ..OpDef::BINARY
    },
    binary::Lt::lt = OpDef {
        name: "<",
        aliases: &["lt"],
        doc: "Is each element of the first smaller? False with NaN.",
        latex: Some("!0 < !1"),
        pp: Pp::Call(Some("lt")),
        plain: Pp::Infix(" < "),
        kernel: map2!(|a, b| L::truth(a.lt(b))),
        ints: Ints::Two(|a, b| ints::truth(a < b)),
        real: Some(|x| r(truth(x[0] < x[1]))),
        ..OpDef::COMPARE
    },
    binary::Le::le = OpDef {
        name: "<=",
        aliases: &["le"],
        doc: "Is each element of the first smaller or equal? False with NaN.",
        latex: Some("!0 \\le !1"),
        pp: Pp::Call(Some("le")),
        plain: Pp::Infix(" <= "),
        kernel: map2!(|a, b| L::truth(a.le(b))),
        ints: Ints::Two(|a, b| ints::truth(a <= b)),
        real: Some(|x| r(truth(x[0] <= x[1]))),
        ..OpDef::COMPARE
    },
    binary::Gt::gt = OpDef {
        name: ">",
        aliases: &["gt"],
        doc: "Is each element of the first larger? False with NaN.",
        latex: Some("!0 > !1"),
        pp: Pp::Call(Some("gt")),
        plain: Pp::Infix(" > "),
        kernel: map2!(|a, b| L::truth(b.lt(a))),
        ints: Ints::Two(|a, b| ints::truth(a > b)),
        real: Some(|x| r(truth(x[0] > x[1]))),
        ..OpDef::COMPARE
    },
    binary::Ge::ge = OpDef {
        name: ">=",
        aliases: &["ge"],
        doc: "Is each element of the first larger or equal? False with NaN.",
        latex: Some("!0 \\ge !1"),
        pp: Pp::Call(Some("ge")),
        plain: Pp::Infix(" >= "),
        kernel: map2!(|a, b| L::truth(b.le(a))),
        ints: Ints::Two(|a, b| ints::truth(a >= b)),
        real: Some(|x| r(truth(x[0] >= x[1]))),
        ..OpDef::COMPARE
    },
    binary::Eq::eq = OpDef {
        name: "==",
        aliases: &["eq"],
        doc: "Are the elements equal? False with NaN.",
        latex: Some("!0 = !1"),
        pp: Pp::Call(Some("eq")),
        plain: Pp::Infix(" == "),
        kernel: map2!(|a, b| L::truth(a.same(b))),
        ints: Ints::Two(|a, b| ints::truth(a == b)),
        real: Some(|x| r(truth(x[0] == x[1]))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(|_| Interval::UNIT)],
        ..OpDef::COMPARE
    },
    binary::Neq::neq = OpDef {
        name: "!=",
        aliases: &["neq", "ne", "not_equal"],
        doc: "Do the elements differ? True with NaN.",
        latex: Some("!0 \\ne !1"),
        pp: Pp::Call(Some("neq")),
        plain: Pp::Infix(" != "),
        kernel: map2!(|a, b| L::truth(a.differs(b))),
        ints: Ints::Two(|a, b| ints::truth(a != b)),
        real: Some(|x| r(truth(x[0] != x[1]))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(|_| Interval::UNIT)],
        ..OpDef::COMPARE
    },
    binary::And::and = OpDef {
        name: "and_",
        aliases: &["and", "bitwise_and"],
        doc: "Are both elements true (not zero)? Of integers, the bits that both have.",
        latex: Some("!0 \\land !1"),
        plain: Pp::Call(Some("and")),
        ty: types::logic,
        kernel: map2!(|a, b| L::truth(L::both(a.nonzero(), b.nonzero()))),
        ints: Ints::Two(|a, b| a & b),
        real: Some(|x| r(truth(!x[0].is_zero() && !x[1].is_zero()))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(law::bits_range)],
        ..OpDef::COMPARE
    },
    binary::Or::or = OpDef {
        name: "or_",
        aliases: &["or", "bitwise_or"],
        doc: "Is one of the elements true (not zero)? Of integers, the bits that one has.",
        latex: Some("!0 \\lor !1"),
        plain: Pp::Call(Some("or")),
        ty: types::logic,
        kernel: map2!(|a, b| L::truth(L::either(a.nonzero(), b.nonzero()))),
        ints: Ints::Two(|a, b| a | b),
        real: Some(|x| r(truth(!x[0].is_zero() || !x[1].is_zero()))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(law::bits_range)],
        ..OpDef::COMPARE
    },
    binary::Xor::xor = OpDef {
        name: "xor",
        aliases: &["bitwise_xor"],
        doc: "Is exactly one of the elements true (not zero)? Of integers, the bits that exactly one has.",
        latex: Some("!0 \\oplus !1"),
        ty: types::logic,
        kernel: map2!(|a, b| L::truth(L::truth(a.nonzero()).differs(L::truth(b.nonzero())))),
        ints: Ints::Two(|a, b| a ^ b),
        real: Some(|x| r(truth(x[0].is_zero() != x[1].is_zero()))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(law::bits_range)],
        common: Some(common::scalar::xor),
        ..OpDef::COMPARE
    },
    unary::Invert::invert = OpDef {
        name: "invert",
        aliases: &["bitwise_not"],
        doc: "Truth values: the opposite one; integers: every bit changed, which is -x - 1.",
        latex: Some("\\lnot !0"),
        ty: types::bits,
        converted_zero: true,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        lower: Some(|x, _| if x[0].ty().dtype == DType::Bool { x[0].eq(0) } else { -&x[0] - 1 }),
        common: Some(common::scalar::invert),
        ..OpDef::UNARY
    },
    unary::Isnan::isnan = OpDef {
        name: "isnan",
        doc: "Is each element no number?",
        arity: Arity::Exact(1),
        kernel: map1!(|a| L::truth(a.differs(a))),
        laws: &[Law::Integral, Law::Range(|_| Interval::UNIT), Law::Even],
        common: Some(common::scalar::isnan),
        ..OpDef::COMPARE
    },
    unary::Isinf::isinf = OpDef {
        name: "isinf",
        doc: "Is each element infinite?",
        arity: Arity::Exact(1),
        kernel: map1!(|a| L::truth(a.abs().same(L::splat(f64::INFINITY)))),
        laws: &[Law::Integral, Law::Range(|_| Interval::UNIT), Law::Even],
        common: Some(common::scalar::isinf),
        ..OpDef::COMPARE
    },
    hidden::Switch::switch = OpDef {
        name: "switch",
        aliases: &["where", "select", "ifelse"],
        doc: "The second where the first is true (not zero), else the third.",
        latex: Some("\\begin{cases}#1 & \\text{if } #0 \\\\ #2 & \\text{otherwise}\\end{cases}"),
        arity: Arity::Exact(3),
        ty: types::switch,
        plain: Pp::Call(Some("where")),
        derivative: Derivative::Each(&[
            |v| v.x(0).zeros_like(),
            |v| switch(&v.x(0), v.g(), 0.0),
            |v| switch(&v.x(0), 0.0, v.g()),
        ]),
        kernel: map3!(|c, a, b| L::select(c.nonzero(), a, b)),
        ints: Ints::Three(|c, a, b| if c == 0 { b } else { a }),
        real: Some(|x| if x[0].is_zero() { x[2].clone() } else { x[1].clone() }),
        laws: &[
            Law::Range(|x| Interval { lo: x[1].lo.min(x[2].lo), hi: x[1].hi.max(x[2].hi) }),
            Law::Nonzero(|x| x[1].nonzero && x[2].nonzero),
        ],
        ..OpDef::BINARY
    },
    hidden::MulAdd::mul_add = OpDef {
        name: "mul_add",
        aliases: &["fma"],
        doc: "The product of two and a third, added with one rounding where functions are optimized.",
        class: Some("MulAdd"),
        latex: Some("!0 !1 + #2"),
        arity: Arity::Exact(3),
        derivative: Derivative::Each(&[|v| v.g() * v.x(1), |v| v.g() * v.x(0), |v| v.g()]),
        kernel: map3!(|a, b, c| a.mul_add(b, c)),
        real: Some(|x| &(&x[0] * &x[1]) + &x[2]),
        lower: Some(|x, _| &(&x[0] * &x[1]) + &x[2]),
        common: Some(|x, _| Some(&(&x[0] * &x[1]) + &x[2])),
        ..OpDef::BINARY
    },
    hidden::Clip::clip = OpDef {
        name: "clip",
        doc: "Each element kept between two bounds.",
        arity: Arity::Exact(3),
        derivative: Derivative::Each(&[
            |v| v.x(0).ge(v.x(1)).and(v.x(0).le(v.x(2))) * v.g(),
            |v| v.x(0).lt(v.x(1)) * v.g(),
            |v| v.x(0).gt(v.x(2)) * v.g(),
        ]),
        real: Some(|x| {
            if x[0] < x[1] {
                x[1].clone()
            } else if x[0] > x[2] {
                x[2].clone()
            } else {
                x[0].clone()
            }
        }),
        lower: Some(derive::clip),
        ..OpDef::BINARY
    },
    hidden::Fill::fill = OpDef {
        name: "fill",
        aliases: &["second"],
        class: Some("Second"),
        doc: "The second, broadcast to the joint shape of both; no gradient flows to the first.",
        arity: Arity::Exact(2),
        ty: types::fill,
        derivative: Derivative::Each(&[|v| v.g(), |v| v.g()]),
        disconnected: &[0],
        real: Some(|x| x[1].clone()),
        lower: Some(|x, _| {
            let joint = x[0].ty().shape.broadcast(&x[1].ty().shape).unwrap_or_default();
            x[1].broadcast_to(joint.dims())
        }),
        ..OpDef::BINARY
    },
    hidden::Cast::cast = OpDef {
        name: "cast",
        doc: "Conversion to an element type.",
        attr: AttrKind::DType,
        ty: types::cast,
        pp: Pp::Special(pieces::cast),
        plain: Pp::Special(pieces::cast),
        derivative: Derivative::Each(&[|v| v.g()]),
        converted_zero: true,
        kernel: map1!(|a| a),
        ints: Ints::One(|a| a),
        laws: &[Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero), Law::Integral],
        cost: 0.5,
        common: Some(common::scalar::cast),
        ..OpDef::UNARY
    },
    unary::RealPart::real = OpDef {
        name: "real",
        doc: "The real part: of real numbers they themselves.",
        ty: types::same,
        derivative: Derivative::Each(&[|v| v.g()]),
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        ..OpDef::UNARY
    },
    unary::ZeroGrad::zero_grad = OpDef {
        name: "zero_grad",
        aliases: &["ZeroGrad"],
        doc: "Its operand; the gradient through it is zero, but connected.",
        pp: Pp::Call(Some("ZeroGrad")),
        ty: types::same,
        derivative: Derivative::Each(&[|v| v.g().zeros_like()]),
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    hidden::DifferentiatedAs::differentiated_as = OpDef {
        name: "differentiated_as",
        doc: "The first operand, whose derivatives are those of the second, which has the same value.",
        arity: Arity::Exact(2),
        pp: Pp::Special(|_| vec![Piece::Arg(0)]),
        latex: Some("#0"),
        ty: types::same,
        derivative: Derivative::Each(&[|v| v.g(), |v| v.g()]),
        disconnected: &[0],
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    hidden::PrintedAs::printed_as = OpDef {
        name: "printed_as",
        doc: "The second operand; printed is the first, which has the same value where that is a number.",
        arity: Arity::Exact(2),
        pp: Pp::Special(|_| vec![Piece::Arg(0)]),
        latex: Some("#0"),
        ty: types::second,
        derivative: Derivative::Each(&[|v| v.g(), |v| v.g()]),
        disconnected: &[0],
        real: Some(|x| x[1].clone()),
        lower: Some(|x, _| x[1].clone()),
        common: Some(|x, _| Some(x[1].clone())),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    unary::DisconnectedGrad::disconnected_grad = OpDef {
        name: "disconnected_grad",
        aliases: &["DisconnectedGrad"],
        doc: "Its operand; no gradient flows through it.",
        pp: Pp::Call(Some("DisconnectedGrad")),
        ty: types::same,
        derivative: Derivative::Each(&[|v| v.g()]),
        disconnected: &[0],
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    unary::UndefinedGrad::undefined_grad = OpDef {
        name: "undefined_grad",
        aliases: &["UndefinedGrad"],
        doc: "Its operand; a gradient through it is an error.",
        pp: Pp::Call(Some("UndefinedGrad")),
        ty: types::same,
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    hidden::GradClip::grad_clip = OpDef {
        name: "grad_clip",
        aliases: &["GradClip"],
        doc: "Its first operand; the gradient through it is clipped to the two bounds.",
        arity: Arity::Exact(3),
        pp: Pp::Call(Some("GradClip")),
        ty: types::marked,
        derivative: Derivative::Any(|v, _| Expr::apply(Op::Clip, Attr::None, [v.g(), v.x(1), v.x(2)])),
        disconnected: &[1, 2],
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    hidden::GradScale::grad_scale = OpDef {
        name: "grad_scale",
        aliases: &["GradScale"],
        doc: "Its first operand; the gradient through it is multiplied by the second.",
        arity: Arity::Exact(2),
        pp: Pp::Call(Some("GradScale")),
        ty: types::marked,
        derivative: Derivative::Any(|v, _| v.x(1) * v.g()),
        disconnected: &[1],
        real: Some(|x| x[0].clone()),
        lower: Some(|x, _| x[0].clone()),
        common: Some(common::scalar::itself),
        laws: &[Law::Mark],
        ..OpDef::UNARY
    },
    hidden::Sum::sum = OpDef {
        name: "sum",
        doc: "Sum over axes.",
        ty: types::reduce,
        derivative: Derivative::Each(&[|v| fill(&v.x(0), v.x(0).expand_reduced(&v.g(), v.attr()))]),
        kernel: reduce!(Some(0.0), 0.0, |a, b| a + b),
        ints: Ints::Fold(Some(0), i64::wrapping_add),
        real: Some(|x| x.iter().fold(r(0.0), |a, b| &a + b)),
        laws: &[Law::Integral, Law::Total, Law::Range(|x| law::sum_range(x[0]))],
        ..OpDef::REDUCE
    },
    hidden::Prod::prod = OpDef {
        name: "prod",
        doc: "Product over axes.",
        pp: Pp::Special(pieces::reduce_class),
        ty: types::reduce,
        derivative: Derivative::Each(&[derive::prod_derivative]),
        kernel: reduce!(Some(1.0), 1.0, |a, b| a * b),
        ints: Ints::Fold(Some(1), i64::wrapping_mul),
        real: Some(|x| x.iter().fold(r(1.0), |a, b| &a * b)),
        laws: &[Law::Integral, Law::Range(|x| if x[0].lo >= 0.0 { Interval::NONNEG } else { Interval::ALL }),],
        ..OpDef::REDUCE
    },
    hidden::ProdWithoutZeros::prod_without_zeros = OpDef {
        name: "prod_without_zeros",
        doc: "Product over axes of the elements that are not zero.",
        pp: Pp::Special(pieces::reduce_class),
        ty: types::reduce,
        // A partial product may underflow to zero, and counts all the same.
        kernel: reduce!(Some(1.0), 1.0, |a, b| L::select(b.same(L::splat(0.0)), a, a * b), |a, b| a * b),
        ints: Ints::Fold(Some(1), |a, b| if b == 0 { a } else { a.wrapping_mul(b) }),
        common: Some(common::array::prod_without_zeros),
        ..OpDef::REDUCE
    },
    hidden::Max::max = OpDef {
        name: "max",
        doc: "Largest element over axes; NaN if there is one. Every largest element gets the gradient.",
        pp: Pp::Special(shaped::max_classic),
        ty: types::reduce_like,
        derivative: Derivative::Each(&[derive::extremum_derivative]),
        kernel: reduce!(None, f64::NEG_INFINITY, |a, b| a.maximum(b)),
        ints: Ints::Fold(None, i64::max),
        real: Some(|x| x.iter().fold(r(f64::NEG_INFINITY), |a, b| if a.is_nan() || a >= *b {
            a
        } else {
            b.clone()
        })),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::REDUCE
    },
    hidden::Min::min = OpDef {
        name: "min",
        doc: "Smallest element over axes; NaN if there is one. Every smallest element gets the gradient.",
        pp: Pp::Special(shaped::min_classic),
        ty: types::reduce_like,
        derivative: Derivative::Each(&[derive::min_derivative]),
        kernel: reduce!(None, f64::INFINITY, |a, b| a.minimum(b)),
        ints: Ints::Fold(None, i64::min),
        real: Some(|x| x.iter().fold(r(f64::INFINITY), |a, b| if a.is_nan() || a <= *b {
            a
        } else {
            b.clone()
        })),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::REDUCE
    },
    hidden::Any::any = OpDef {
        name: "any",
        doc: "Is an element true (not zero), over axes?",
        pp: Pp::Special(pieces::reduce_class),
        ty: types::reduce_truth,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: reduce!(Some(0.0), 0.0, |a, b| L::truth(L::either(a.nonzero(), b.nonzero()))),
        ints: Ints::Fold(Some(0), |a, b| ints::truth(a != 0 || b != 0)),
        laws: &[Law::Integral, Law::Range(|_| Interval::UNIT)],
        common: Some(common::array::any),
        ..OpDef::REDUCE
    },
    hidden::All::all = OpDef {
        name: "all",
        doc: "Are all elements true (not zero), over axes?",
        pp: Pp::Special(pieces::reduce_class),
        ty: types::reduce_truth,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: reduce!(Some(1.0), 1.0, |a, b| L::truth(L::both(a.nonzero(), b.nonzero()))),
        ints: Ints::Fold(Some(1), |a, b| ints::truth(a != 0 && b != 0)),
        laws: &[Law::Integral, Law::Range(|_| Interval::UNIT)],
        common: Some(common::array::all),
        ..OpDef::REDUCE
    },
    hidden::Argmax::argmax = OpDef {
        name: "argmax",
        doc: "Position of the first largest element over axes, in row-major order; of NaN if there is one.",
        pp: Pp::Special(shaped::max_classic),
        ty: whole::types::search,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: Kernel::Whole(whole::scan::argmax),
        ints: Ints::Whole(whole::scan::argmax),
        laws: &[Law::Integral, Law::Range(|_| Interval::NONNEG)],
        common: Some(common::array::argmax),
        ..OpDef::REDUCE
    },
    hidden::Argmin::argmin = OpDef {
        name: "argmin",
        doc: "Position of the first smallest element over axes, in row-major order; of NaN if there is one.",
        pp: Pp::Special(shaped::argmin_classic),
        ty: whole::types::search,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: Kernel::Whole(whole::scan::argmin),
        ints: Ints::Whole(whole::scan::argmin),
        laws: &[Law::Integral, Law::Range(|_| Interval::NONNEG)],
        common: Some(common::array::argmin),
        ..OpDef::REDUCE
    },
    hidden::Logsumexp::logsumexp = OpDef {
        name: "logsumexp",
        aliases: &["log_sum_exp"],
        doc: "log(sum(exp(x))) over axes, without overflow.",
        ty: types::reduce_float,
        derivative: Derivative::Each(&[|v| {
            let x = v.x(0);
            x.expand_reduced(&v.g(), v.attr()) * (&x - x.expand_reduced(&v.out(), v.attr())).exp()
        }]),
        // As the exponentials and their sum alone: what cannot overflow is not refused for its price.
        cost: 16.0,
        common_cost: 15.0,
        kernel: Kernel::Composed(|x, attr| {
            let m = x[0].reduce(Op::Max, attr);
            let e = (&x[0] - x[0].expand_reduced(&m, attr)).exp();
            m + e.reduce(Op::Sum, attr).log()
        }),
        ..OpDef::REDUCE
    },
    hidden::Softmax::softmax = OpDef {
        name: "softmax",
        doc: "exp(x) over its sum along one axis, without overflow.",
        attr: AttrKind::Axes,
        ty: types::softmax,
        role: Role::Whole,
        pp: Pp::Special(pieces::softmax_classic),
        plain: Pp::Special(pieces::reduce_plain),
        derivative: Derivative::Each(&[|v| {
            Expr::apply(Op::SoftmaxGrad, v.attr().clone(), [v.g(), v.out()])
        }]),
        // As the exponentials and their sum alone: what cannot overflow is not refused for its price.
        cost: 16.0,
        common_cost: 15.0,
        laws: &[Law::Range(|_| Interval::UNIT), Law::Nonzero(|_| true)],
        kernel: Kernel::Composed(|x, attr| {
            let m = x[0].reduce(Op::Max, attr);
            let e = (&x[0] - x[0].expand_reduced(&m, attr)).exp();
            // One division a row: the total is at least 1, so its reciprocal loses half an ulp and no more.
            let share = 1.0 / e.reduce(Op::Sum, attr);
            &e * e.expand_reduced(&share, attr)
        }),
        ..OpDef::WHOLE
    },
    hidden::SoftmaxGrad::softmax_grad = OpDef {
        name: "softmax_grad",
        aliases: &["SoftmaxGrad"],
        doc: "The adjoint of a softmax along one axis, from that of its result and its result.",
        arity: Arity::Exact(2),
        attr: AttrKind::Axes,
        ty: types::softmax_grad,
        role: Role::Move,
        pp: Pp::Special(pieces::softmax_classic),
        plain: Pp::Special(pieces::reduce_plain),
        derivative: Derivative::Each(&[derive::softmax_grad_by_adjoint, derive::softmax_grad_by_result]),
        lower: Some(derive::softmax_grad),
        common: Some(|x, attr| Some(derive::softmax_grad(x, attr))),
        batch: batch::pair_over_axes,
        ..OpDef::UNARY
    },
    hidden::LogSoftmax::log_softmax = OpDef {
        name: "log_softmax",
        aliases: &["logsoftmax"],
        doc: "The logarithm of softmax along one axis, without overflow or loss.",
        attr: AttrKind::Axes,
        ty: types::softmax,
        role: Role::Whole,
        pp: Pp::Special(pieces::softmax_classic),
        plain: Pp::Special(pieces::reduce_plain),
        derivative: Derivative::Each(&[|v| {
            let g = v.g();
            let total = g.expand_reduced(&g.reduce(Op::Sum, v.attr()), v.attr());
            &g - (total * v.x(0).softmax_over(v.attr()))
        }]),
        // As the exponentials and their sum alone: what cannot overflow is not refused for its price.
        cost: 16.0,
        common_cost: 15.0,
        laws: &[Law::Range(|_| Interval::NONPOS)],
        kernel: Kernel::Composed(|x, attr| {
            let m = x[0].reduce(Op::Max, attr);
            let shifted = &x[0] - x[0].expand_reduced(&m, attr);
            let total = shifted.exp().reduce(Op::Sum, attr);
            &shifted - shifted.expand_reduced(&total.log(), attr)
        }),
        common: Some(common::array::log_softmax),
        ..OpDef::WHOLE
    },
    hidden::Dot::dot = OpDef {
        name: "dot",
        aliases: &["matmul"],
        doc: "Product of vectors and matrices.",
        latex: Some("!0 \\, !1"),
        arity: Arity::Exact(2),
        role: Role::Contract,
        ty: types::dot,
        pp: Pp::Infix(" \\dot "),
        derivative: Derivative::Each(&[derive::dot_left, derive::dot_right]),
        kernel: Kernel::Dot,
        cost: 2.0,
        batch: batch::product,
        ..OpDef::BINARY
    },
    hidden::BatchedDot::batched_dot = OpDef {
        name: "batched_dot",
        aliases: &["BatchedDot"],
        doc: "Products of the matrices along leading axes, which broadcast.",
        arity: Arity::Exact(2),
        role: Role::Contract,
        ty: types::batched_dot,
        demand: |s| vec![(s[0].axis_from_end(0), s[1].axis_from_end(1))],
        pp: Pp::Call(Some("BatchedDot")),
        plain: Pp::Call(Some("matmul")),
        derivative: Derivative::Each(&[derive::batched_left, derive::batched_right]),
        cost: 2.0,
        lower: Some(|x, _| derive::batched(&x[0], &x[1])),
        common: Some(common::array::batched_dot),
        batch: batch::products,
        ..OpDef::BINARY
    },
    hidden::Dimshuffle::dimshuffle = OpDef {
        name: "dimshuffle",
        doc: "Axes reordered, dropped (length 1) and added (length 1).",
        attr: AttrKind::Perm,
        ty: types::dimshuffle,
        pp: Pp::Special(pieces::dimshuffle_classic),
        plain: Pp::Special(pieces::dimshuffle_plain),
        derivative: Derivative::Each(&[derive::dimshuffle_derivative]),
        kernel: Kernel::View(View::Dimshuffle),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::MOVE
    },
    hidden::Alloc::alloc = OpDef {
        name: "alloc",
        doc: "Broadcast to given lengths.",
        attr: AttrKind::Dims,
        ty: types::broadcast,
        pp: Pp::Special(pieces::alloc),
        plain: Pp::Special(pieces::alloc_plain),
        derivative: Derivative::Each(&[derive::alloc_derivative]),
        kernel: Kernel::View(View::Broadcast),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::MOVE
    },
    hidden::Reshape::reshape = OpDef {
        name: "reshape",
        doc: "The same elements in row-major order, with other lengths.",
        attr: AttrKind::Dims,
        ty: types::reshape,
        pp: Pp::Special(pieces::reshape_classic),
        plain: Pp::Special(pieces::reshape_plain),
        derivative: Derivative::Each(&[|v| v.g().reshape_like(&v.x(0))]),
        kernel: Kernel::Reshape,
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::MOVE
    },
    hidden::ReshapeLike::reshape_like = OpDef {
        name: "reshape_like",
        doc: "The elements of the first in row-major order, with the lengths of the second.",
        arity: Arity::Exact(2),
        pp: Pp::Special(shaped::reshape_like_classic),
        plain: Pp::Special(shaped::reshape_like_plain),
        ty: types::reshape_like,
        kernel: Kernel::Reshape,
        derivative: Derivative::Each(&[|v| v.g().reshape_like(&v.x(0)), |v| v.x(1).zeros_like()]),
        disconnected: &[1],
        lower: Some(|x, _| x[0].reshape_to(x[1].ty().shape.dims())),
        common: Some(|x, _| Some(x[0].reshape_to(x[1].ty().shape.dims()))),
        batch: batch::reshape_like,
        ..OpDef::MOVE
    },
    hidden::Index::index = OpDef {
        name: "index",
        aliases: &["subtensor"],
        doc: "Elements at positions and slices, negative ones from the end.",
        attr: AttrKind::Index,
        ty: types::index,
        pp: Pp::Special(pieces::index),
        plain: Pp::Special(pieces::index),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like().write_at(Op::IncSubtensor, v.attr(), &v.g())]),
        converted_zero: true,
        kernel: Kernel::View(View::Index),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::MOVE
    },
    hidden::IncSubtensor::inc_subtensor = OpDef {
        name: "inc_subtensor",
        doc: "The first, with the second added at an index.",
        arity: Arity::Exact(2),
        attr: AttrKind::Index,
        ty: types::write_at,
        pp: Pp::Special(pieces::write_at),
        plain: Pp::Special(pieces::write_at),
        derivative: Derivative::Each(&[|v| v.g(), |v| derive::unwrite(v)]),
        kernel: Kernel::IncAt,
        cost: 1.0,
        common: Some(common::gather::inc_subtensor),
        ..OpDef::MOVE
    },
    hidden::SetSubtensor::set_subtensor = OpDef {
        name: "set_subtensor",
        doc: "The first, with the second put at an index.",
        arity: Arity::Exact(2),
        attr: AttrKind::Index,
        ty: types::write_at,
        pp: Pp::Special(pieces::write_at),
        plain: Pp::Special(pieces::write_at),
        derivative: Derivative::Each(&[
            |v| v.g().write_at(Op::SetSubtensor, v.attr(), &derive::zeros_of(&v.x(1))),
            |v| derive::unwrite(v),
        ]),
        kernel: Kernel::SetAt,
        cost: 1.0,
        common: Some(common::gather::set_subtensor),
        ..OpDef::MOVE
    },
    hidden::Join::join = OpDef {
        name: "join",
        aliases: &["concatenate", "concat"],
        doc: "Operands one after the other along an axis.",
        arity: Arity::AtLeast(1),
        attr: AttrKind::Axis,
        ty: types::concat,
        pp: Pp::Special(pieces::join_classic),
        plain: Pp::Special(pieces::join_plain),
        derivative: Derivative::Any(derive::join_derivative),
        kernel: Kernel::Concat,
        cost: 1.0,
        ..OpDef::MOVE
    },
    hidden::SplitPart::split_part = OpDef {
        name: "split_part",
        doc: "Of the first operand one of the parts, along an axis, that have the lengths of the others.",
        arity: Arity::AtLeast(2),
        attr: AttrKind::Part,
        class: Some("Split"),
        pp: Pp::Special(shaped::split_classic),
        plain: Pp::Special(shaped::split_plain),
        ty: types::split_part,
        derivative: Derivative::Any(derive::split_part_derivative),
        disconnected: &BEHIND,
        lower: Some(derive::split_part),
        common: Some(|x, attr| Some(derive::split_part(x, attr))),
        batch: batch::part,
        ..OpDef::MOVE
    },
    hidden::Segment::segment = OpDef {
        name: "segment",
        doc: "Of what joins operands along an axis, the part that the last one had; the others stand before it.",
        arity: Arity::AtLeast(2),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::scan_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::segment,
        derivative: Derivative::Any(whole::derive::segment),
        disconnected: &BEHIND,
        kernel: Kernel::Whole(whole::place::segment),
        ints: Ints::Whole(whole::place::segment),
        cost: 1.0,
        common: Some(common::gather::segment),
        ..OpDef::WHOLE
    },
    hidden::IncSegment::inc_segment = OpDef {
        name: "inc_segment",
        doc: "The first operand with the last added where `segment` takes its part.",
        arity: Arity::AtLeast(2),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::scan_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::inc_segment,
        derivative: Derivative::Any(whole::derive::inc_segment),
        kernel: Kernel::Whole(whole::place::inc_segment),
        ints: Ints::Whole(whole::place::inc_segment),
        common: Some(common::gather::inc_segment),
        ..OpDef::WHOLE
    },
    hidden::Det::det = OpDef {
        name: "det",
        doc: "Determinant of a square matrix.",
        pp: Pp::Call(Some("Det")),
        ty: whole::types::number,
        demand: whole::types::square_demand,
        derivative: Derivative::Each(&[whole::derive::det]),
        kernel: Kernel::Whole(whole::linalg::det),
        cost: LU,
        ..OpDef::WHOLE
    },
    hidden::Logdet::logdet = OpDef {
        name: "logdet",
        doc: "Logarithm of the absolute value of the determinant of a square matrix.",
        ty: whole::types::number,
        demand: whole::types::square_demand,
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).apply1(Op::MatrixInverse).t()]),
        kernel: Kernel::Whole(whole::linalg::logdet),
        cost: LU,
        ..OpDef::WHOLE
    },
    hidden::MatrixInverse::matrix_inverse = OpDef {
        name: "matrix_inverse",
        doc: "Inverse of a square matrix; NaN where there is none.",
        latex: Some("!0^{-1}"),
        pp: Pp::Call(Some("MatrixInverse")),
        plain: Pp::Call(Some("inv")),
        ty: whole::types::square_like,
        demand: whole::types::square_demand,
        derivative: Derivative::Each(&[whole::derive::inverse]),
        kernel: Kernel::Whole(whole::linalg::inverse),
        cost: 3.0 * LU,
        ..OpDef::WHOLE
    },
    hidden::Solve::solve = OpDef {
        name: "solve",
        doc: "A square matrix and a vector, or the columns of a matrix: the solution of the linear system.",
        arity: Arity::Exact(2),
        ty: whole::types::solve,
        demand: whole::types::solve_demand,
        derivative: Derivative::Each(&[whole::derive::solve_left, whole::derive::solve_right]),
        kernel: Kernel::Whole(whole::linalg::solve),
        cost: LU,
        batch: batch::system,
        ..OpDef::WHOLE
    },
    hidden::Cholesky::cholesky = OpDef {
        name: "cholesky",
        doc: "The lower triangular factor of a symmetric positive definite matrix; NaN where there is none.",
        ty: whole::types::square_like,
        demand: whole::types::square_demand,
        derivative: Derivative::Each(&[whole::derive::cholesky]),
        kernel: Kernel::Whole(whole::linalg::cholesky),
        cost: LU,
        ..OpDef::WHOLE
    },
    hidden::Tril::tril = OpDef {
        name: "tril",
        doc: "A matrix without what lies above its diagonal.",
        ty: whole::types::matrix_like,
        derivative: Derivative::Each(&[|v| v.g().apply1(Op::Tril)]),
        kernel: Kernel::Whole(whole::place::tril),
        ints: Ints::Whole(whole::place::tril),
        common: Some(common::array::tril),
        batch: batch::tril,
        ..OpDef::WHOLE
    },
    hidden::Triu::triu = OpDef {
        name: "triu",
        doc: "A matrix without what lies below its diagonal.",
        ty: whole::types::matrix_like,
        derivative: Derivative::Each(&[|v| v.g().apply1(Op::Triu)]),
        kernel: Kernel::Whole(whole::place::triu),
        ints: Ints::Whole(whole::place::triu),
        common: Some(common::array::triu),
        batch: batch::triu,
        ..OpDef::WHOLE
    },
    hidden::Diagonal::diagonal = OpDef {
        name: "diagonal",
        doc: "The diagonal of a matrix.",
        ty: whole::types::diagonal,
        demand: whole::types::diagonal_demand,
        derivative: Derivative::Each(&[whole::derive::diagonal]),
        kernel: Kernel::Whole(whole::place::diagonal),
        ints: Ints::Whole(whole::place::diagonal),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        cost: 1.0,
        batch: batch::diagonal,
        ..OpDef::WHOLE
    },
    hidden::AllocDiag::alloc_diag = OpDef {
        name: "alloc_diag",
        doc: "A square matrix with a given diagonal, zero elsewhere.",
        aliases: &["AllocDiag"],
        pp: Pp::Call(Some("AllocDiag")),
        plain: Pp::Call(Some("diag")),
        ty: whole::types::alloc_diag,
        derivative: Derivative::Each(&[|v| v.g().apply1(Op::Diagonal)]),
        kernel: Kernel::Whole(whole::place::alloc_diag),
        ints: Ints::Whole(whole::place::alloc_diag),
        laws: &[Law::Integral, Law::Range(|x| Interval { lo: x[0].lo.min(0.0), hi: x[0].hi.max(0.0) })],
        batch: batch::alloc_diag,
        ..OpDef::WHOLE
    },
    hidden::FillDiagonal::fill_diagonal = OpDef {
        name: "fill_diagonal",
        aliases: &["FillDiagonal"],
        doc: "A matrix with its diagonal replaced by a number or a vector.",
        arity: Arity::Exact(2),
        pp: Pp::Call(Some("FillDiagonal")),
        ty: whole::types::fill_diagonal,
        derivative: Derivative::Each(&[whole::derive::fill_diagonal_of, whole::derive::fill_diagonal_with]),
        kernel: Kernel::Whole(whole::place::fill_diagonal),
        ints: Ints::Whole(whole::place::fill_diagonal),
        laws: &[
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.min(x[1].lo), hi: x[0].hi.max(x[1].hi) })
        ],
        common: Some(common::array::fill_diagonal),
        batch: batch::fill_diagonal,
        ..OpDef::WHOLE
    },
    hidden::Cumsum::cumsum = OpDef {
        name: "cumsum",
        doc: "Running sum along an axis.",
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::cum_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::scan,
        derivative: Derivative::Each(&[whole::derive::cumsum]),
        kernel: Kernel::Whole(whole::scan::cumsum),
        ints: Ints::Whole(whole::scan::cumsum),
        laws: &[Law::Integral, Law::Range(|x| law::sum_range(x[0]))],
        common: Some(common::array::cumsum),
        ..OpDef::WHOLE
    },
    hidden::Cumprod::cumprod = OpDef {
        name: "cumprod",
        doc: "Running product along an axis.",
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::cum_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::scan,
        derivative: Derivative::Each(&[whole::derive::cumprod]),
        kernel: Kernel::Whole(whole::scan::cumprod),
        ints: Ints::Whole(whole::scan::cumprod),
        laws: &[Law::Integral],
        common: Some(common::array::cumprod),
        ..OpDef::WHOLE
    },
    hidden::Recurrence::recurrence = OpDef {
        name: "recurrence",
        doc: "Along an axis, the first operand times the result before, plus the second.",
        arity: Arity::Exact(2),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::scan_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::recurrence,
        demand: whole::types::pair_demand,
        derivative: Derivative::Any(whole::derive::recurrence_of),
        kernel: Kernel::Whole(whole::scan::recurrence),
        laws: &[Law::Integral],
        common: Some(common::array::recurrence),
        ..OpDef::WHOLE
    },
    hidden::Sort::sort = OpDef {
        name: "sort",
        doc: "The elements along an axis in order, NaN last.",
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::sort_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::sorted,
        derivative: Derivative::Each(&[whole::derive::sort]),
        kernel: Kernel::Whole(whole::sort::sort),
        ints: Ints::Whole(whole::sort::sort),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        cost: 10.0,
        common: Some(common::sort::by),
        ..OpDef::WHOLE
    },
    hidden::Argsort::argsort = OpDef {
        name: "argsort",
        doc: "The places of the elements along an axis in order, NaN last; of equal ones the first comes first.",
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::sort_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::places,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: Kernel::Whole(whole::sort::argsort),
        ints: Ints::Whole(whole::sort::argsort),
        laws: &[Law::Integral, Law::Range(|_| Interval::NONNEG)],
        cost: 10.0,
        common: Some(common::sort::argsort),
        ..OpDef::WHOLE
    },
    hidden::SortBy::sort_by = OpDef {
        name: "sort_by",
        doc: "The elements of the second along an axis, in the order of the first.",
        arity: Arity::Exact(2),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::scan_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::sorted_by,
        demand: whole::types::pair_demand,
        derivative: Derivative::Any(|v, _| Expr::apply(Op::SortBack, v.attr().clone(), [v.x(0), v.g()])),
        disconnected: &[0],
        kernel: Kernel::Whole(whole::sort::by),
        laws: &[Law::Range(|x| x[1]), Law::Nonzero(|x| x[1].nonzero)],
        cost: 10.0,
        common: Some(common::sort::by),
        ..OpDef::WHOLE
    },
    hidden::SortBack::sort_back = OpDef {
        name: "sort_back",
        doc: "The elements of the second along an axis, put where those of the first stood before they were sorted.",
        arity: Arity::Exact(2),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::scan_classic),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::sorted_by,
        demand: whole::types::pair_demand,
        derivative: Derivative::Any(|v, _| Expr::apply(Op::SortBy, v.attr().clone(), [v.x(0), v.g()])),
        disconnected: &[0],
        kernel: Kernel::Whole(whole::sort::back),
        laws: &[Law::Range(|x| x[1]), Law::Nonzero(|x| x[1].nonzero)],
        cost: 10.0,
        common: Some(common::sort::back),
        ..OpDef::WHOLE
    },
    hidden::Eye::eye = OpDef {
        name: "unit_matrix",
        class: Some("Eye"),
        doc: "Ones on the diagonal that begins so many columns to the right, zeros elsewhere.",
        attr: AttrKind::Dims,
        pp: Pp::Special(whole::pieces::eye_classic),
        plain: Pp::Special(whole::pieces::eye_plain),
        ty: types::unit_matrix,
        derivative: Derivative::Any(|v, _| v.x(0).zeros_like()),
        disconnected: &[0],
        lower: Some(derive::unit_matrix),
        common: Some(|x, attr| Some(derive::unit_matrix(x, attr))),
        ..OpDef::MOVE
    },
    hidden::Take::take = OpDef {
        name: "take",
        doc: "Slices along an axis at the places that an array of integers says, negative ones from the end.",
        arity: Arity::Exact(2),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::take),
        plain: Pp::Special(whole::pieces::take_plain),
        ty: whole::types::take,
        derivative: Derivative::Each(&[whole::derive::take, |v| v.g()]),
        disconnected: &[1],
        positions: &[1],
        kernel: Kernel::Whole(whole::place::take),
        ints: Ints::Whole(whole::place::take),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        cost: 1.0,
        common: Some(common::gather::take),
        batch: batch::gather,
        ..OpDef::WHOLE
    },
    hidden::IncTake::inc_take = OpDef {
        name: "inc_take",
        doc: "The first operand with slices of the third added where `take` would take them; repeated places add up.",
        arity: Arity::Exact(3),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::inc_take),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::inc_take,
        derivative: Derivative::Each(&[|v| v.g(), |v| v.g(), whole::derive::inc_take_value]),
        disconnected: &[1],
        positions: &[1],
        kernel: Kernel::Whole(whole::place::inc_take),
        ints: Ints::Whole(whole::place::inc_take),
        common: Some(common::gather::inc_take),
        batch: batch::gather,
        ..OpDef::WHOLE
    },
    hidden::SetTake::set_take = OpDef {
        name: "set_take",
        doc: "The first operand with slices of the third put where `take` would take them; of repeated places the last counts.",
        arity: Arity::Exact(3),
        attr: AttrKind::Axis,
        pp: Pp::Special(whole::pieces::set_take),
        plain: Pp::Special(whole::pieces::scan_plain),
        ty: whole::types::inc_take,
        derivative: Derivative::Each(&[whole::derive::set_take_of, |v| v.g(), whole::derive::set_take_value]),
        disconnected: &[1],
        positions: &[1],
        kernel: Kernel::Whole(whole::place::set_take),
        ints: Ints::Whole(whole::place::set_take),
        laws: &[
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.min(x[2].lo), hi: x[0].hi.max(x[2].hi) }),
        ],
        common: Some(common::gather::set_take),
        batch: batch::gather,
        ..OpDef::WHOLE
    },
    hidden::Pick::pick = OpDef {
        name: "pick",
        doc: "Of each row along the last axis the element at the place that an integer says, negative ones from the end.",
        arity: Arity::Exact(2),
        pp: Pp::Special(whole::pieces::pick),
        ty: whole::types::pick,
        demand: whole::types::pick_demand,
        derivative: Derivative::Each(&[whole::derive::pick, |v| v.g()]),
        disconnected: &[1],
        positions: &[1],
        kernel: Kernel::Whole(whole::place::pick),
        ints: Ints::Whole(whole::place::pick),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        cost: 1.0,
        common: Some(common::gather::pick),
        batch: batch::rows,
        ..OpDef::WHOLE
    },
    hidden::IncPick::inc_pick = OpDef {
        name: "inc_pick",
        class: Some("IncPick"),
        doc: "The first operand with an element of the third added to each row, where `pick` would pick one.",
        arity: Arity::Exact(3),
        pp: Pp::Special(whole::pieces::inc_pick),
        ty: whole::types::inc_pick,
        demand: whole::types::pick_demand,
        derivative: Derivative::Each(&[|v| v.g(), |v| v.g(), whole::derive::inc_pick_value]),
        disconnected: &[1],
        positions: &[1],
        kernel: Kernel::Whole(whole::place::inc_pick),
        ints: Ints::Whole(whole::place::inc_pick),
        cost: 1.0,
        common: Some(common::gather::inc_pick),
        batch: batch::rows,
        ..OpDef::WHOLE
    },
    hidden::Places::places = OpDef {
        name: "places",
        class: Some("Subtensor"),
        doc: "What stands at an index with operands: numbers, arrays of places, bounds of slices.",
        arity: Arity::AtLeast(2),
        attr: AttrKind::Places,
        pp: Pp::Special(indexed::read_classic),
        plain: Pp::Special(indexed::read_plain),
        ty: places::read_type,
        derivative: Derivative::Any(through::read_derivative),
        disconnected: &BEHIND,
        lower: Some(gathers::read),
        common: Some(|x, attr| Some(gathers::read(x, attr))),
        batch: through::read_batch,
        ..OpDef::MOVE
    },
    hidden::IncPlaces::inc_places = OpDef {
        name: "inc_places",
        class: Some("IncSubtensor"),
        doc: "The first operand with the second added at an index with operands; repeated places add up.",
        arity: Arity::AtLeast(3),
        attr: AttrKind::Places,
        pp: Pp::Special(indexed::write_classic),
        plain: Pp::Special(indexed::write_plain),
        ty: places::write_type,
        derivative: Derivative::Any(through::add_derivative),
        disconnected: BEHIND.split_at(1).1,
        lower: Some(gathers::add_at),
        common: Some(|x, attr| Some(gathers::add_at(x, attr))),
        batch: through::write_batch,
        ..OpDef::MOVE
    },
    hidden::SetPlaces::set_places = OpDef {
        name: "set_places",
        class: Some("SetSubtensor"),
        doc: "The first operand with the second put at an index with operands; of repeated places the last counts.",
        arity: Arity::AtLeast(3),
        attr: AttrKind::Places,
        pp: Pp::Special(indexed::write_classic),
        plain: Pp::Special(indexed::write_plain),
        ty: places::write_type,
        derivative: Derivative::Any(through::set_derivative),
        disconnected: BEHIND.split_at(1).1,
        lower: Some(gathers::set_at),
        common: Some(|x, attr| Some(gathers::set_at(x, attr))),
        batch: through::write_batch,
        ..OpDef::MOVE
    },
    hidden::Arange::arange = OpDef {
        name: "arange",
        doc: "So many numbers from a start with a step.",
        arity: Arity::Exact(2),
        attr: AttrKind::Dims,
        pp: Pp::Special(whole::pieces::arange_classic),
        plain: Pp::Special(whole::pieces::arange_plain),
        ty: whole::types::arange,
        derivative: Derivative::Each(&[|v| v.g().sum(), whole::derive::arange_step]),
        kernel: Kernel::Whole(whole::place::arange),
        ints: Ints::Whole(whole::place::arange),
        laws: &[Law::Integral],
        cost: 1.0,
        common: Some(common::array::arange),
        ..OpDef::WHOLE
    },
    hidden::Nonzero::nonzero = OpDef {
        name: "nonzero",
        doc: "The places in row-major order of the elements that are not zero.",
        latex: Some("\\operatorname{nonzero}\\left(#0\\right)"),
        attr: AttrKind::Dims,
        pp: Pp::Special(whole::pieces::nonzero_classic),
        plain: Pp::Special(whole::pieces::nonzero_plain),
        ty: whole::types::nonzero,
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        disconnected: &[0],
        kernel: Kernel::Whole(whole::place::nonzero),
        ints: Ints::Whole(whole::place::nonzero),
        laws: &[Law::Integral, Law::Range(|_| Interval::NONNEG)],
        cost: 1.0,
        ..OpDef::WHOLE
    },
    hidden::ShapeOf::shape_of = OpDef {
        name: "shape_of",
        doc: "The lengths of all axes, a vector of integers.",
        role: Role::Shape,
        ty: types::shape_of,
        pp: Pp::Special(shaped::shape_of),
        plain: Pp::Special(shaped::shape_of),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        disconnected: &[0],
        lower: Some(|x, _| derive::lengths(&x[0])),
        common: Some(|x, _| Some(derive::lengths(&x[0]))),
        ..OpDef::MOVE
    },
    hidden::Length::length = OpDef {
        name: "length",
        doc: "The length of an axis, an integer.",
        attr: AttrKind::Axis,
        role: Role::Shape,
        ty: types::length,
        pp: Pp::Special(pieces::length),
        plain: Pp::Special(pieces::length),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        disconnected: &[0],
        kernel: Kernel::Length,
        cost: 0.0,
        laws: &[Law::Integral, Law::Range(|_| Interval::NONNEG)],
        common: Some(common::array::length),
        ..OpDef::MOVE
    },
);

/// The adjoint times every other factor, in one n-ary product.
fn times_others(v: &Adjoint<'_>, i: usize) -> Expr {
    let others = (0..v.arity()).filter(|&j| j != i).map(|j| v.x(j));
    Expr::apply(Op::Mul, Attr::None, std::iter::once(v.g()).chain(others))
}
