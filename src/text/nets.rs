//! Functions of Theano's `nnet`, and joins by their names, as Theano builds them.

use super::args::Args;
use super::sugar::{Sugar, apply1, exactly, int};
use super::value::Value;
use crate::expr::{At, Expr, IntoExpr as _, switch};
use crate::op::{Attr, Op};
use crate::sexp::{ReadError, ReadErrorKind};

pub(super) const SUGAR: [(&str, Sugar); 9] = [
    ("binary_crossentropy", |a| {
        exact::<2>(a, |a, [p, y]| {
            let left = a.apply(Op::Mul, Attr::None, vec![y.clone(), apply1(a, Op::Log, p.clone())?])?;
            let other = |x: &Expr| a.apply(Op::Sub, Attr::None, vec![1.0.into_expr(), x.clone()]);
            let right = a.apply(Op::Mul, Attr::None, vec![other(&y)?, apply1(a, Op::Log, other(&p)?)?])?;
            apply1(a, Op::Neg, a.apply(Op::Add, Attr::None, vec![left, right])?)
        })
    }),
    ("categorical_crossentropy", |a| {
        exact::<2>(a, |a, [p, y]| {
            if p.rank() == 2 && y.rank() == 1 && y.ty().dtype.is_int() {
                // One class for each row.
                let rows = crate::expr::range(p.ty().shape.dims()[0].clone());
                let taken = a.fitting(p.try_read(&[At::Expr(rows), At::Expr(y)]))?;
                return apply1(a, Op::Neg, apply1(a, Op::Log, taken)?);
            }
            if p.rank() == 0 || p.rank() != y.rank() {
                return Err(a.error(ReadErrorKind::Shape, "it takes two arrays of as many axes"));
            }
            let axis = p.rank() - 1;
            let terms = a.apply(Op::Mul, Attr::None, vec![y, apply1(a, Op::Log, p)?])?;
            apply1(a, Op::Neg, a.apply(Op::Sum, Attr::Axes(vec![axis]), vec![terms])?)
        })
    }),
    ("relu", |a| {
        if a.items.len() < 2 {
            return a.call(Op::Relu).map(Value::Expr);
        }
        // Leaky, as Theano builds it.
        exact::<2>(a, |a, [x, alpha]| {
            let half = |op| {
                let slope = a.apply(op, Attr::None, vec![int(1), alpha.clone()])?;
                a.apply(Op::Mul, Attr::None, vec![0.5.into_expr(), slope])
            };
            let times = |k: Expr, x: Expr| a.apply(Op::Mul, Attr::None, vec![k, x]);
            let odd = times(half(Op::Add)?, x.clone())?;
            let even = times(half(Op::Sub)?, apply1(a, Op::Abs, x)?)?;
            a.apply(Op::Add, Attr::None, vec![odd, even])
        })
    }),
    ("elu", |a| {
        let mut a = a;
        let alpha = if a.items.len() == 2 { a.items.pop() } else { None };
        let alpha = alpha.map_or(Ok(int(1)), |i| a.expr(i))?;
        let (a, x) = exactly(a, 1)?;
        let x = &x[0];
        let below = a.apply(Op::Mul, Attr::None, vec![alpha, apply1(&a, Op::Expm1, x.clone())?])?;
        Ok(Value::Expr(switch(&a.apply(Op::Gt, Attr::None, vec![x.clone(), int(0)])?, x, &below)))
    }),
    ("hard_sigmoid", |a| {
        exact::<1>(a, |a, [x]| {
            let slope = a.apply(Op::Mul, Attr::None, vec![x, 0.2.into_expr()])?;
            let shifted = a.apply(Op::Add, Attr::None, vec![slope, 0.5.into_expr()])?;
            a.apply(Op::Clip, Attr::None, vec![shifted, int(0), int(1)])
        })
    }),
    ("shape_padleft", |a| padded(a, true)),
    ("shape_padright", |a| padded(a, false)),
    ("vertical_stack", |a| exact::<2>(a, |a, parts| a.apply(Op::Join, Attr::Axis(0), parts.into()))),
    ("horizontal_stack", |a| exact::<2>(a, |a, parts| a.apply(Op::Join, Attr::Axis(1), parts.into()))),
];

fn exact<const N: usize>(
    args: Args<'_>,
    build: impl Fn(&Args<'_>, [Expr; N]) -> Result<Expr, ReadError>,
) -> Result<Value, ReadError> {
    let (args, x) = exactly(args, N)?;
    let x: [Expr; N] = x.try_into().map_err(|_| args.error(ReadErrorKind::Arity, "operands are missing"))?;
    build(&args, x).map(Value::Expr)
}

/// `shape_padleft(x)`, `shape_padleft(x, 2)`: so many axes of length 1 in front, or behind.
fn padded(mut args: Args<'_>, left: bool) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let n = match args.static_arg(&[]) {
        Some(i) => args.ints(&i)?.first().and_then(|n| usize::try_from(*n).ok()).filter(|n| *n < 32),
        None => Some(1),
    };
    args.done()?;
    let (Some(n), [x]) = (n, &operands[..]) else {
        return Err(args.error(ReadErrorKind::Arity, "it takes an operand and a number of axes"));
    };
    let new = || std::iter::repeat_n(None, n);
    let own = (0..x.rank()).map(Some);
    let order = if left { new().chain(own).collect() } else { own.chain(new()).collect() };
    args.apply(Op::Dimshuffle, Attr::Perm(order), vec![x.clone()]).map(Value::Expr)
}
