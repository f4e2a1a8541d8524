//! THE TABLE: one row per operator, nothing else.
//!
//! The head of a row is `form::Variant::method`. `form` says how users write it: `infix` and
//! `prefix` implement Rust's operators, `unary` and `binary` make methods of [`Expr`], `hidden`
//! leaves that to a constructor with more to say (axes, permutations). Rows are Rust expressions,
//! so that rustfmt lays them out; `..OpDef::UNARY` and its siblings supply what most rows share.
//!
//! Derivatives are Theano 1.0.5's, term by term, because raw gradients are printed.

use super::def::{Arity, Derivative, OpDef, Ring, Role};
use super::kernel::{Kernel, View, map1, map2, map2_of, map3, reduce};
use super::law::{Interval, Law};
use super::pieces::{self, Pp};
use super::special as f;
use super::{Attr, AttrKind, derive, law, types};
use crate::expr::{Adjoint, Expr, fill, switch};
use crate::lanes::{Cmp, One};
use crate::num::Real;

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
        kernel: map2!(|a: f64, b: f64| a + b),
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
        lanes: Some(|r, x| r.add(x[0], x[1])),
        ..OpDef::BINARY
    },
    infix::Sub::sub = OpDef {
        name: "-",
        aliases: &["sub"],
        doc: "Elementwise difference.",
        pp: Pp::Infix(" - "),
        plain: Pp::Infix(" - "),
        derivative: Derivative::Each(&[|v| v.g(), |v| -v.g()]),
        kernel: map2!(|a: f64, b: f64| a - b),
        real: Some(|x| &x[0] - &x[1]),
        laws: &[Law::Integral, Law::Range(|x| Interval { lo: x[0].lo - x[1].hi, hi: x[0].hi - x[1].lo }),],
        ring: Ring::Difference,
        lanes: Some(|r, x| r.sub(x[0], x[1])),
        ..OpDef::BINARY
    },
    infix::Mul::mul = OpDef {
        name: "*",
        aliases: &["mul"],
        doc: "Elementwise product.",
        arity: Arity::AtLeast(2),
        pp: Pp::Infix(" * "),
        plain: Pp::Infix(" * "),
        derivative: Derivative::Any(times_others),
        kernel: map2!(|a: f64, b: f64| a * b),
        real: Some(|x| x.iter().skip(1).fold(x[0].clone(), |a, b| &a * b)),
        laws: &[
            Law::Commutative,
            Law::Integral,
            Law::Range(|x| law::product_range(x[0], x[1])),
            Law::Nonzero(|x| x[0].nonzero && x[1].nonzero),
        ],
        ring: Ring::Product,
        lanes: Some(|r, x| r.mul(x[0], x[1])),
        ..OpDef::BINARY
    },
    infix::Div::div = OpDef {
        name: "/",
        aliases: &["div", "true_div"],
        doc: "Elementwise quotient, always a float.",
        ty: types::divide,
        pp: Pp::Infix(" / "),
        plain: Pp::Infix(" / "),
        derivative: Derivative::Each(&[|v| v.g() / v.x(1), |v| -(v.g() * v.x(0)) / (v.x(1) * v.x(1)),]),
        kernel: map2!(|a: f64, b: f64| a / b),
        real: Some(|x| &x[0] / &x[1]),
        cost: 3.0,
        laws: &[Law::Range(|x| law::quotient_range(x[0], x[1])), Law::Nonzero(|x| x[0].nonzero),],
        ring: Ring::Quotient,
        lanes: Some(|r, x| r.div(x[0], x[1])),
        ..OpDef::BINARY
    },
    binary::Pow::pow = OpDef {
        name: "**",
        aliases: &["pow"],
        doc: "Elementwise power.",
        pp: Pp::Infix(" ** "),
        plain: Pp::Infix(" ** "),
        derivative: Derivative::Each(&[
            |v| (v.g() * v.x(1)) * v.x(0).pow(v.x(1) - 1),
            |v| switch(&v.x(0).eq(0), 0, (v.g() * v.x(0).log()) * v.x(0).pow(v.x(1))),
        ]),
        kernel: map2!(f::pow),
        real: Some(|x| x[0].pow(&x[1])),
        cost: 30.0,
        laws: &[
            Law::Range(|x| if x[0].lo >= 0.0 { Interval::NONNEG } else { Interval::ALL }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ring: Ring::Power,
        ..OpDef::BINARY
    },
    prefix::Neg::neg = OpDef {
        name: "neg",
        doc: "Elementwise opposite.",
        ty: types::like,
        pp: Pp::Prefix("-"),
        plain: Pp::Prefix("-"),
        derivative: Derivative::Each(&[|v| -v.g()]),
        kernel: map1!(|a: f64| -a),
        real: Some(|x| -&x[0]),
        laws: &[
            Law::Odd,
            Law::Integral,
            Law::Range(|x| Interval { lo: -x[0].hi, hi: -x[0].lo }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ring: Ring::Opposite,
        lanes: Some(|r, x| r.neg(x[0])),
        ..OpDef::UNARY
    },
    unary::Reciprocal::reciprocal = OpDef {
        name: "reciprocal",
        aliases: &["recip"],
        doc: "One over each element.",
        pp: Pp::Special(pieces::reciprocal),
        derivative: Derivative::Each(&[|v| -v.g() / (v.x(0) * v.x(0))]),
        real: Some(|x| r(1.0) / x[0].clone()),
        cost: 3.0,
        lower: Some(|x, _| 1.0 / &x[0]),
        ..OpDef::UNARY
    },
    unary::Abs::abs = OpDef {
        name: "abs",
        aliases: &["fabs"],
        doc: "Elementwise absolute value.",
        ty: types::like,
        pp: Pp::Bars,
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).sgn()]),
        kernel: map1!(|a: f64| a.abs()),
        real: Some(|x| x[0].abs()),
        laws: &[
            Law::Even,
            Law::Idempotent,
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.max(-x[0].hi).max(0.0), hi: x[0].hi.max(-x[0].lo) }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        lanes: Some(|r, x| r.abs(x[0])),
        ..OpDef::UNARY
    },
    unary::Sgn::sgn = OpDef {
        name: "sgn",
        aliases: &["sign"],
        doc: "-1, 0 or 1 by the sign of each element; 0 keeps its sign.",
        ty: types::like,
        plain: Pp::Call(Some("sign")),
        derivative: Derivative::Each(&[|v| v.x(0).zeros_like()]),
        kernel: map1!(f::sgn),
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
        lanes: Some(|r, x| r.sgn(x[0])),
        ..OpDef::UNARY
    },
    unary::Sqr::sqr = OpDef {
        name: "sqr",
        aliases: &["square"],
        doc: "Elementwise square.",
        ty: types::like,
        derivative: Derivative::Each(&[|v| (v.g() * v.x(0)) * 2]),
        kernel: map1!(|a: f64| a * a),
        real: Some(|x| &x[0] * &x[0]),
        laws: &[Law::Even, Law::Integral, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|x| x[0].nonzero),],
        ring: Ring::Square,
        lanes: Some(|r, x| r.mul(x[0], x[0])),
        ..OpDef::UNARY
    },
    unary::Sqrt::sqrt = OpDef {
        name: "sqrt",
        doc: "Elementwise square root; NaN below zero.",
        derivative: Derivative::Each(&[|v| (v.g() * 0.5) / v.x(0).sqrt()]),
        kernel: map1!(|a: f64| a.sqrt()),
        real: Some(|x| x[0].sqrt()),
        cost: 4.0,
        laws: &[Law::Increasing, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|x| x[0].nonzero)],
        ring: Ring::Root,
        lanes: Some(|r, x| r.one(One::Sqrt, x[0])),
        ..OpDef::UNARY
    },
    unary::Exp::exp = OpDef {
        name: "exp",
        doc: "Elementwise exponential.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).exp()]),
        kernel: map1!(libm::exp),
        real: Some(|x| x[0].exp()),
        cost: 15.0,
        laws: &[Law::Increasing, Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Log::log = OpDef {
        name: "log",
        aliases: &["ln"],
        doc: "Elementwise natural logarithm; NaN below zero.",
        derivative: Derivative::Each(&[|v| v.g() / v.x(0)]),
        kernel: map1!(libm::log),
        real: Some(|x| x[0].ln()),
        cost: 15.0,
        laws: &[Law::Increasing],
        ..OpDef::UNARY
    },
    unary::Log1p::log1p = OpDef {
        name: "log1p",
        doc: "log(1 + x), accurate near zero; NaN below -1.",
        derivative: Derivative::Each(&[|v| v.g() / (1 + v.x(0))]),
        kernel: map1!(libm::log1p),
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
        kernel: map1!(libm::expm1),
        real: Some(|x| f::real_expm1(&x[0])),
        cost: 16.0,
        laws: &[
            Law::Increasing,
            Law::Range(|x| Interval { lo: if x[0].lo >= 0.0 { 0.0 } else { -1.0 }, hi: f64::INFINITY }),
            Law::Nonzero(|x| x[0].nonzero),
        ],
        ..OpDef::UNARY
    },
    unary::Sin::sin = OpDef {
        name: "sin",
        doc: "Elementwise sine.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).cos()]),
        kernel: map1!(libm::sin),
        real: Some(|x| x[0].sin()),
        cost: 15.0,
        laws: &[Law::Odd, Law::Range(|_| Interval { lo: -1.0, hi: 1.0 })],
        ..OpDef::UNARY
    },
    unary::Cos::cos = OpDef {
        name: "cos",
        doc: "Elementwise cosine.",
        derivative: Derivative::Each(&[|v| -v.g() * v.x(0).sin()]),
        kernel: map1!(libm::cos),
        real: Some(|x| x[0].cos()),
        cost: 15.0,
        laws: &[Law::Even, Law::Range(|_| Interval { lo: -1.0, hi: 1.0 })],
        ..OpDef::UNARY
    },
    unary::Tan::tan = OpDef {
        name: "tan",
        doc: "Elementwise tangent.",
        derivative: Derivative::Each(&[|v| v.g() / v.x(0).cos().sqr()]),
        kernel: map1!(libm::tan),
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
        derivative: Derivative::Each(&[|v| v.g() / (1.0 - v.x(0).sqr()).sqrt()]),
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
        derivative: Derivative::Each(&[|v| -v.g() / (1.0 - v.x(0).sqr()).sqrt()]),
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
        derivative: Derivative::Each(&[|v| v.g() / (1.0 + v.x(0).sqr())]),
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
    unary::Sinh::sinh = OpDef {
        name: "sinh",
        doc: "Elementwise hyperbolic sine.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).cosh()]),
        kernel: map1!(libm::sinh),
        real: Some(|x| (x[0].exp() - (-&x[0]).exp()) / r(2.0)),
        cost: 20.0,
        laws: &[Law::Odd, Law::Increasing],
        ..OpDef::UNARY
    },
    unary::Cosh::cosh = OpDef {
        name: "cosh",
        doc: "Elementwise hyperbolic cosine.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).sinh()]),
        kernel: map1!(libm::cosh),
        real: Some(|x| (x[0].exp() + (-&x[0]).exp()) / r(2.0)),
        cost: 20.0,
        laws: &[Law::Even, Law::Range(|_| Interval { lo: 1.0, hi: f64::INFINITY }), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Tanh::tanh = OpDef {
        name: "tanh",
        doc: "Elementwise hyperbolic tangent.",
        derivative: Derivative::Each(&[|v| v.g() * (1 - v.x(0).tanh().sqr())]),
        kernel: map1!(libm::tanh),
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
        derivative: Derivative::Each(&[|v| {
            let s = v.x(0).sigmoid();
            (v.g() * &s) * (1.0 - s)
        }]),
        kernel: map1!(f::sigmoid),
        real: Some(|x| r(1.0) / (r(1.0) + (-&x[0]).exp())),
        cost: 15.0,
        laws: &[Law::Range(|_| Interval::UNIT), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Softplus::softplus = OpDef {
        name: "softplus",
        doc: "log(1 + exp(x)), without overflow.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).sigmoid()]),
        kernel: map1!(f::softplus),
        real: Some(|x| f::real_log1p(&x[0].exp())),
        cost: 15.0,
        laws: &[Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Erf::erf = OpDef {
        name: "erf",
        doc: "The error function.",
        derivative: Derivative::Each(&[|v| (v.g() * ERF_SLOPE) * (-v.x(0) * v.x(0)).exp()]),
        kernel: map1!(libm::erf),
        real: Some(|x| f::real_erf(&x[0])),
        cost: 15.0,
        laws: &[Law::Odd, Law::Range(|_| Interval { lo: -1.0, hi: 1.0 }), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::UNARY
    },
    unary::Erfc::erfc = OpDef {
        name: "erfc",
        doc: "The complementary error function 1 - erf(x), accurate where it is small.",
        derivative: Derivative::Each(&[|v| (-v.g() * ERF_SLOPE) * (-v.x(0) * v.x(0)).exp()]),
        kernel: map1!(libm::erfc),
        real: Some(|x| f::real_erfc(&x[0])),
        cost: 15.0,
        laws: &[Law::Range(|_| Interval { lo: 0.0, hi: 2.0 }), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Gammaln::gammaln = OpDef {
        name: "gammaln",
        aliases: &["lgamma", "log_gamma"],
        doc: "The logarithm of the absolute value of the gamma function.",
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).psi()]),
        kernel: map1!(f::gammaln),
        cost: 15.0,
        ..OpDef::UNARY
    },
    unary::Psi::psi = OpDef {
        name: "psi",
        aliases: &["digamma"],
        doc: "The derivative of gammaln.",
        plain: Pp::Call(Some("digamma")),
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).tri_gamma()]),
        kernel: map1!(f::psi),
        cost: 15.0,
        ..OpDef::UNARY
    },
    unary::TriGamma::tri_gamma = OpDef {
        name: "tri_gamma",
        aliases: &["trigamma"],
        doc: "The derivative of psi. It has no derivative here.",
        kernel: map1!(f::tri_gamma),
        cost: 20.0,
        laws: &[Law::Range(|_| Interval::NONNEG), Law::Nonzero(|_| true)],
        ..OpDef::UNARY
    },
    unary::Relu::relu = OpDef {
        name: "relu",
        doc: "maximum(x, 0).",
        ty: types::like,
        derivative: Derivative::Each(&[|v| v.g() * v.x(0).gt(0)]),
        lower: Some(|x, _| x[0].maximum(0)),
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
        kernel: map2!(f::maximum),
        real: Some(|x| if x[0].is_nan() || x[0] >= x[1] { x[0].clone() } else { x[1].clone() }),
        laws: &[
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.max(x[1].lo), hi: x[0].hi.max(x[1].hi) }),
            Law::Nonzero(|x| {
                x[0].nonzero && x[1].nonzero || x.iter().any(|a| a.nonzero && a.range.lo >= 0.0)
            }),
        ],
        lanes: Some(|r, x| r.maximum(x[0], x[1])),
        ..OpDef::BINARY
    },
    binary::Minimum::minimum = OpDef {
        name: "minimum",
        doc: "The smaller of two elements; NaN if either is. A tie's gradient goes to the first.",
        derivative: Derivative::Each(&[
            |v| v.x(0).minimum(v.x(1)).eq(v.x(0)) * v.g(),
            |v| (1.0 - v.x(0).minimum(v.x(1)).eq(v.x(0))) * v.g(),
        ]),
        kernel: map2!(f::minimum),
        real: Some(|x| if x[0].is_nan() || x[0] <= x[1] { x[0].clone() } else { x[1].clone() }),
        laws: &[
            Law::Integral,
            Law::Range(|x| Interval { lo: x[0].lo.min(x[1].lo), hi: x[0].hi.min(x[1].hi) }),
            Law::Nonzero(|x| {
                x[0].nonzero && x[1].nonzero || x.iter().any(|a| a.nonzero && a.range.hi <= 0.0)
            }),
        ],
        lanes: Some(|r, x| r.minimum(x[0], x[1])),
        ..OpDef::BINARY
    },
    binary::Lt::lt = OpDef {
        name: "<",
        aliases: &["lt"],
        doc: "Is each element of the first smaller? False with NaN.",
        pp: Pp::Call(Some("lt")),
        plain: Pp::Infix(" < "),
        kernel: map2!(|a: f64, b: f64| truth(a < b)),
        real: Some(|x| r(truth(x[0] < x[1]))),
        lanes: Some(|r, x| r.test(Cmp::Lt, x[0], x[1])),
        ..OpDef::COMPARE
    },
    binary::Le::le = OpDef {
        name: "<=",
        aliases: &["le"],
        doc: "Is each element of the first smaller or equal? False with NaN.",
        pp: Pp::Call(Some("le")),
        plain: Pp::Infix(" <= "),
        kernel: map2!(|a: f64, b: f64| truth(a <= b)),
        real: Some(|x| r(truth(x[0] <= x[1]))),
        lanes: Some(|r, x| r.test(Cmp::Le, x[0], x[1])),
        ..OpDef::COMPARE
    },
    binary::Gt::gt = OpDef {
        name: ">",
        aliases: &["gt"],
        doc: "Is each element of the first larger? False with NaN.",
        pp: Pp::Call(Some("gt")),
        plain: Pp::Infix(" > "),
        kernel: map2!(|a: f64, b: f64| truth(a > b)),
        real: Some(|x| r(truth(x[0] > x[1]))),
        lanes: Some(|r, x| r.test(Cmp::Gt, x[0], x[1])),
        ..OpDef::COMPARE
    },
    binary::Ge::ge = OpDef {
        name: ">=",
        aliases: &["ge"],
        doc: "Is each element of the first larger or equal? False with NaN.",
        pp: Pp::Call(Some("ge")),
        plain: Pp::Infix(" >= "),
        kernel: map2!(|a: f64, b: f64| truth(a >= b)),
        real: Some(|x| r(truth(x[0] >= x[1]))),
        lanes: Some(|r, x| r.test(Cmp::Ge, x[0], x[1])),
        ..OpDef::COMPARE
    },
    binary::Eq::eq = OpDef {
        name: "==",
        aliases: &["eq"],
        doc: "Are the elements equal? False with NaN.",
        pp: Pp::Call(Some("eq")),
        plain: Pp::Infix(" == "),
        kernel: map2!(|a: f64, b: f64| truth(a == b)),
        real: Some(|x| r(truth(x[0] == x[1]))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(|_| Interval::UNIT)],
        lanes: Some(|r, x| r.test(Cmp::Eq, x[0], x[1])),
        ..OpDef::COMPARE
    },
    binary::Neq::neq = OpDef {
        name: "!=",
        aliases: &["neq", "ne"],
        doc: "Do the elements differ? True with NaN.",
        pp: Pp::Call(Some("neq")),
        plain: Pp::Infix(" != "),
        kernel: map2!(|a: f64, b: f64| truth(a != b)),
        real: Some(|x| r(truth(x[0] != x[1]))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(|_| Interval::UNIT)],
        lanes: Some(|r, x| r.test(Cmp::Ne, x[0], x[1])),
        ..OpDef::COMPARE
    },
    binary::And::and = OpDef {
        name: "and_",
        aliases: &["and"],
        doc: "Are both elements true (not zero)?",
        plain: Pp::Call(Some("and")),
        kernel: map2!(|a: f64, b: f64| truth(a != 0.0 && b != 0.0)),
        real: Some(|x| r(truth(!x[0].is_zero() && !x[1].is_zero()))),
        laws: &[Law::Commutative, Law::Integral, Law::Range(|_| Interval::UNIT)],
        lanes: Some(|r, x| {
            let (a, b) = (r.nonzero(x[0]), r.nonzero(x[1]));
            let both = r.both(a, b);
            r.truth(both)
        }),
        ..OpDef::COMPARE
    },
    hidden::Switch::switch = OpDef {
        name: "switch",
        aliases: &["where", "select"],
        doc: "The second where the first is true (not zero), else the third.",
        arity: Arity::Exact(3),
        ty: types::switch,
        plain: Pp::Call(Some("where")),
        derivative: Derivative::Each(&[
            |v| v.x(0).zeros_like(),
            |v| switch(&v.x(0), v.g(), 0.0),
            |v| switch(&v.x(0), 0.0, v.g()),
        ]),
        kernel: map3!(|c: f64, a: f64, b: f64| if c != 0.0 { a } else { b }),
        real: Some(|x| if x[0].is_zero() { x[2].clone() } else { x[1].clone() }),
        laws: &[
            Law::Range(|x| Interval { lo: x[1].lo.min(x[2].lo), hi: x[1].hi.max(x[2].hi) }),
            Law::Nonzero(|x| x[1].nonzero && x[2].nonzero),
        ],
        lanes: Some(|r, x| {
            let c = r.nonzero(x[0]);
            r.select(c, x[1], x[2])
        }),
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
        lower: Some(|x, _| switch(&x[0].lt(&x[1]), &x[1], switch(&x[0].gt(&x[2]), &x[2], &x[0]))),
        ..OpDef::BINARY
    },
    hidden::Fill::fill = OpDef {
        name: "fill",
        aliases: &["second"],
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
        kernel: map1!(|a: f64| a),
        laws: &[Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero), Law::Integral],
        cost: 0.5,
        lanes: Some(|_, x| x[0]),
        ..OpDef::UNARY
    },
    hidden::Sum::sum = OpDef {
        name: "sum",
        doc: "Sum over axes.",
        ty: types::reduce,
        derivative: Derivative::Each(&[|v| fill(&v.x(0), v.x(0).expand_reduced(&v.g(), v.attr()))]),
        kernel: reduce!(Some(0.0), |a: f64, b: f64| a + b),
        laws: &[Law::Integral, Law::Range(|x| law::sum_range(x[0]))],
        ..OpDef::REDUCE
    },
    hidden::Prod::prod = OpDef {
        name: "prod",
        doc: "Product over axes.",
        ty: types::reduce,
        derivative: Derivative::Each(&[derive::prod_derivative]),
        kernel: reduce!(Some(1.0), |a: f64, b: f64| a * b),
        laws: &[Law::Integral, Law::Range(|x| if x[0].lo >= 0.0 { Interval::NONNEG } else { Interval::ALL }),],
        ..OpDef::REDUCE
    },
    hidden::ProdWithoutZeros::prod_without_zeros = OpDef {
        name: "prod_without_zeros",
        doc: "Product over axes of the elements that are not zero.",
        ty: types::reduce,
        // A partial product may underflow to zero, and counts all the same.
        kernel: reduce!(Some(1.0), |a: f64, b: f64| if b == 0.0 { a } else { a * b }, |a: f64, b: f64| a * b),
        ..OpDef::REDUCE
    },
    hidden::Max::max = OpDef {
        name: "max",
        doc: "Largest element over axes; NaN if there is one. Every largest element gets the gradient.",
        ty: types::reduce_like,
        derivative: Derivative::Each(&[derive::extremum_derivative]),
        kernel: reduce!(None, f::maximum),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::REDUCE
    },
    hidden::Min::min = OpDef {
        name: "min",
        doc: "Smallest element over axes; NaN if there is one. Every smallest element gets the gradient.",
        ty: types::reduce_like,
        derivative: Derivative::Each(&[derive::extremum_derivative]),
        kernel: reduce!(None, f::minimum),
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
        ..OpDef::REDUCE
    },
    hidden::Logsumexp::logsumexp = OpDef {
        name: "logsumexp",
        aliases: &["log_sum_exp"],
        doc: "log(sum(exp(x))) over axes, without overflow.",
        ty: types::reduce_like,
        derivative: Derivative::Each(&[|v| {
            let x = v.x(0);
            x.expand_reduced(&v.g(), v.attr()) * (&x - x.expand_reduced(&v.out(), v.attr())).exp()
        }]),
        cost: 16.0,
        lower: Some(|x, attr| {
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
        role: Role::Move,
        pp: Pp::Special(pieces::reduce_classic),
        plain: Pp::Special(pieces::reduce_plain),
        derivative: Derivative::Each(&[|v| {
            let sm = v.x(0).softmax_over(v.attr());
            let d = v.g() * &sm;
            let total = d.reduce(Op::Sum, v.attr());
            &d - (&sm * d.expand_reduced(&total, v.attr()))
        }]),
        cost: 16.0,
        lower: Some(|x, attr| {
            let m = x[0].reduce(Op::Max, attr);
            let e = (&x[0] - x[0].expand_reduced(&m, attr)).exp();
            let total = e.reduce(Op::Sum, attr);
            &e / e.expand_reduced(&total, attr)
        }),
        ..OpDef::UNARY
    },
    hidden::Dot::dot = OpDef {
        name: "dot",
        aliases: &["matmul"],
        doc: "Product of vectors and matrices.",
        arity: Arity::Exact(2),
        role: Role::Contract,
        ty: types::dot,
        pp: Pp::Special(pieces::dot_classic),
        derivative: Derivative::Each(&[derive::dot_left, derive::dot_right]),
        kernel: Kernel::Dot,
        cost: 2.0,
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
        plain: Pp::Special(pieces::alloc),
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
        derivative: Derivative::Each(&[|v| v.g().reshape_to(v.x(0).ty().shape.dims())]),
        kernel: Kernel::Reshape,
        laws: &[Law::Integral, Law::Range(|x| x[0]), Law::Nonzero(|x| x[0].nonzero)],
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
            |v| v.g().write_at(Op::SetSubtensor, v.attr(), &v.x(1).zeros_like()),
            |v| derive::unwrite(v),
        ]),
        kernel: Kernel::SetAt,
        cost: 1.0,
        ..OpDef::MOVE
    },
    hidden::Join::join = OpDef {
        name: "join",
        aliases: &["concatenate"],
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
        ..OpDef::MOVE
    },
);

/// The adjoint times every other factor, in one n-ary product.
fn times_others(v: &Adjoint<'_>, i: usize) -> Expr {
    let others = (0..v.arity()).filter(|&j| j != i).map(|j| v.x(j));
    Expr::apply(Op::Mul, Attr::None, std::iter::once(v.g()).chain(others))
}
