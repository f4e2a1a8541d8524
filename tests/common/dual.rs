//! Numbers that carry two first derivatives and a mixed second one, and the operators on them.
#![allow(clippy::panic, reason = "tests")]

use egrad::expr::topological;
use egrad::op::{Attr, IndexItem, Op};
use egrad::prelude::*;
use ndarray::{ArrayD, IxDyn};

/// `x + a e1 + b e2 + c e1 e2`, where `e1` and `e2` squared are zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dual {
    pub(crate) x: f64,
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
}

impl Dual {
    pub(crate) const fn number(x: f64) -> Dual {
        Dual { x, a: 0.0, b: 0.0, c: 0.0 }
    }

    /// A function with its first two derivatives here.
    fn map(self, f: f64, d: f64, dd: f64) -> Dual {
        Dual { x: f, a: d * self.a, b: d * self.b, c: d * self.c + dd * self.a * self.b }
    }

    fn plus(self, o: Dual) -> Dual {
        Dual { x: self.x + o.x, a: self.a + o.a, b: self.b + o.b, c: self.c + o.c }
    }

    fn times(self, o: Dual) -> Dual {
        Dual {
            x: self.x * o.x,
            a: self.x * o.a + self.a * o.x,
            b: self.x * o.b + self.b * o.x,
            c: self.x * o.c + self.a * o.b + self.b * o.a + self.c * o.x,
        }
    }

    fn neg(self) -> Dual {
        self.times(Dual::number(-1.0))
    }

    fn inverse(self) -> Dual {
        let x = self.x;
        self.map(1.0 / x, -1.0 / (x * x), 2.0 / (x * x * x))
    }

    fn exp(self) -> Dual {
        let e = self.x.exp();
        self.map(e, e, e)
    }

    fn log(self) -> Dual {
        self.map(self.x.ln(), 1.0 / self.x, -1.0 / (self.x * self.x))
    }
}

/// The first two derivatives of functions of one number, and their values.
fn function(op: Op, v: Dual) -> Dual {
    let x = v.x;
    let s = 1.0 / (1.0 + (-x).exp());
    match op {
        Op::Neg => v.neg(),
        Op::Exp => v.exp(),
        Op::Log => v.log(),
        Op::Log1p => v.map(x.ln_1p(), 1.0 / (1.0 + x), -1.0 / ((1.0 + x) * (1.0 + x))),
        Op::Expm1 => v.map(x.exp_m1(), x.exp(), x.exp()),
        Op::Sqrt => v.map(x.sqrt(), 0.5 / x.sqrt(), -0.25 / (x * x.sqrt())),
        Op::Sqr => v.map(x * x, 2.0 * x, 2.0),
        Op::Sin => v.map(x.sin(), x.cos(), -x.sin()),
        Op::Cos => v.map(x.cos(), -x.sin(), -x.cos()),
        Op::Tanh => {
            let d = 1.0 - x.tanh() * x.tanh();
            v.map(x.tanh(), d, -2.0 * x.tanh() * d)
        }
        Op::Arctan => {
            let q = 1.0 + x * x;
            v.map(x.atan(), 1.0 / q, -2.0 * x / (q * q))
        }
        Op::Sigmoid => v.map(s, s * (1.0 - s), s * (1.0 - s) * (1.0 - 2.0 * s)),
        Op::Softplus => v.map(x.exp().ln_1p(), s, s * (1.0 - s)),
        Op::Erf => {
            let d = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
            v.map(libm::erf(x), d, -2.0 * x * d)
        }
        Op::Abs => v.times(Dual::number(if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        })),
        Op::Sgn => Dual::number(if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        }),
        Op::Relu => {
            if x > 0.0 {
                v
            } else {
                Dual::number(0.0)
            }
        }
        Op::Reciprocal => v.inverse(),
        Op::Cast => v,
        other => panic!("no derivative of {other:?} here"),
    }
}

fn pair(op: Op, v: Dual, w: Dual) -> Dual {
    let truth = |b: bool| Dual::number(f64::from(u8::from(b)));
    match op {
        Op::Add => v.plus(w),
        Op::Sub => v.plus(w.neg()),
        Op::Mul => v.times(w),
        Op::Div => v.times(w.inverse()),
        // Bases of these programs are positive where exponents are no small integers.
        Op::Pow if w == Dual::number(w.x.round()) => {
            let (x, n) = (v.x, w.x);
            v.map(x.powf(n), n * x.powf(n - 1.0), n * (n - 1.0) * x.powf(n - 2.0))
        }
        Op::Pow => w.times(v.log()).exp(),
        Op::Maximum => {
            if v.x >= w.x {
                v
            } else {
                w
            }
        }
        Op::Minimum => {
            if v.x <= w.x {
                v
            } else {
                w
            }
        }
        Op::Lt => truth(v.x < w.x),
        Op::Gt => truth(v.x > w.x),
        Op::Le => truth(v.x <= w.x),
        Op::Ge => truth(v.x >= w.x),
        Op::Fill => w,
        other => panic!("no derivative of {other:?} here"),
    }
}

/// The places of a slice of Python's.
fn places(n: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<usize> {
    let n = i64::try_from(n).unwrap();
    let bound = |x: Option<i64>, none: i64, lo: i64, hi: i64| {
        x.map_or(none, |x| if x < 0 { x + n } else { x }.clamp(lo, hi))
    };
    let (from, to) = if step > 0 {
        (bound(start, 0, 0, n), bound(stop, n, 0, n))
    } else {
        (bound(start, n - 1, -1, n - 1), bound(stop, -1, -1, n - 1))
    };
    let inside = |i: &i64| if step > 0 { *i < to } else { *i > to };
    let all = std::iter::successors(Some(from), |i| Some(i + step)).take_while(inside);
    all.map(|i| usize::try_from(i).unwrap()).collect()
}

pub(crate) type Tensor = ArrayD<Dual>;

fn folded(x: &Tensor, axes: &[usize], f: impl Fn(Dual, Dual) -> Dual) -> Tensor {
    let mut out = x.clone();
    for &a in axes.iter().rev() {
        out = out.map_axis(ndarray::Axis(a), |line| line.iter().copied().reduce(&f).unwrap());
    }
    out
}

fn kept(small: &Tensor, axes: &[usize], like: &[usize]) -> Tensor {
    let mut out = small.clone();
    axes.iter().for_each(|&a| out.insert_axis_inplace(ndarray::Axis(a)));
    out.broadcast(IxDyn(like)).unwrap().to_owned()
}

fn larger(v: Dual, w: Dual) -> Dual {
    if v.x >= w.x { v } else { w }
}

/// `x` less its largest element, which carries no derivative, and the exponentials of that.
fn exponentials(x: &Tensor, axes: &[usize]) -> (Tensor, Tensor) {
    let top = folded(x, axes, larger).mapv(|m| Dual::number(m.x));
    let shifted =
        ndarray::Zip::from(x).and(&kept(&top, axes, x.shape())).map_collect(|v, m| v.plus(m.neg()).exp());
    (top, shifted)
}

fn apply(e: &Expr, args: &[Tensor]) -> Tensor {
    let op = e.op().unwrap();
    let x = &args[0];
    match (op, e.attr()) {
        (Op::Sum, attr) => folded(x, &attr.axes(x.ndim()), Dual::plus),
        (Op::Prod, attr) => folded(x, &attr.axes(x.ndim()), Dual::times),
        (Op::Max, attr) => folded(x, &attr.axes(x.ndim()), larger),
        (Op::Min, attr) => folded(x, &attr.axes(x.ndim()), |v, w| if v.x <= w.x { v } else { w }),
        (Op::Logsumexp, attr) => {
            let axes = attr.axes(x.ndim());
            let (top, e) = exponentials(x, &axes);
            let total = folded(&e, &axes, Dual::plus);
            ndarray::Zip::from(&top).and(&total).map_collect(|m, t| m.plus(t.log()))
        }
        (Op::Softmax, attr) => {
            let axes = attr.axes(x.ndim());
            let (_, e) = exponentials(x, &axes);
            let total = kept(&folded(&e, &axes, Dual::plus), &axes, x.shape());
            ndarray::Zip::from(&e).and(&total).map_collect(|e, t| e.times(t.inverse()))
        }
        (Op::Cumsum, Attr::Axis(a)) => {
            let mut out = x.clone();
            out.accumulate_axis_inplace(ndarray::Axis(*a), |before, here| *here = here.plus(*before));
            out
        }
        (Op::Dimshuffle, Attr::Perm(perm)) => {
            // What broadcasting supplies in front is not there yet.
            let rank = perm.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(x.ndim());
            let mut wide = x.clone();
            (x.ndim()..rank).for_each(|_| wide.insert_axis_inplace(ndarray::Axis(0)));
            let order: Vec<usize> = perm.iter().flatten().copied().collect();
            let mut full = order.clone();
            full.extend((0..rank).filter(|a| !order.contains(a)));
            let mut out = wide.permuted_axes(IxDyn(&full));
            (order.len()..rank).rev().for_each(|a| out = out.clone().index_axis_move(ndarray::Axis(a), 0));
            for (at, p) in perm.iter().enumerate() {
                if p.is_none() {
                    out.insert_axis_inplace(ndarray::Axis(at));
                }
            }
            out
        }
        (Op::Index, Attr::Index(items)) => {
            let mut out = x.clone();
            let mut axis = 0;
            for item in items {
                match *item {
                    IndexItem::NewAxis => out.insert_axis_inplace(ndarray::Axis(axis)),
                    IndexItem::At(i) => {
                        let n = i64::try_from(out.shape()[axis]).unwrap();
                        let at = usize::try_from(i.rem_euclid(n)).unwrap();
                        out = out.index_axis_move(ndarray::Axis(axis), at);
                        continue;
                    }
                    IndexItem::Slice { start, stop, step } => {
                        let places = places(out.shape()[axis], start, stop, step);
                        out = out.select(ndarray::Axis(axis), &places);
                    }
                }
                axis += 1;
            }
            out
        }
        (Op::Join, Attr::Axis(a)) => {
            ndarray::concatenate(ndarray::Axis(*a), &args.iter().map(|x| x.view()).collect::<Vec<_>>())
                .unwrap()
        }
        (Op::Length, Attr::Axis(a)) => {
            ArrayD::from_elem(IxDyn(&[]), Dual::number(f64::from(u32::try_from(x.shape()[*a]).unwrap())))
        }
        (Op::Dot, _) => {
            let y = &args[1];
            let m = if x.ndim() == 1 { x.clone().insert_axis(ndarray::Axis(0)) } else { x.clone() };
            let n = if y.ndim() == 1 { y.clone().insert_axis(ndarray::Axis(1)) } else { y.clone() };
            let (rows, inner, cols) = (m.shape()[0], m.shape()[1], n.shape()[1]);
            let mut out = ArrayD::from_elem(IxDyn(&[rows, cols]), Dual::number(0.0));
            for ((i, k), j) in (0..rows)
                .flat_map(|i| (0..inner).map(move |k| (i, k)))
                .flat_map(|p| (0..cols).map(move |j| (p, j)))
            {
                out[[i, j]] = out[[i, j]].plus(m[[i, k]].times(n[[k, j]]));
            }
            if y.ndim() == 1 {
                out = out.index_axis_move(ndarray::Axis(1), 0);
            }
            if x.ndim() == 1 {
                out = out.index_axis_move(ndarray::Axis(0), 0);
            }
            out
        }
        _ => {
            let rank = args.iter().map(|a| a.ndim()).max().unwrap();
            let lens: Vec<usize> = (0..rank)
                .map(|d| {
                    let own = |a: &Tensor| (d + a.ndim()).checked_sub(rank).map_or(1, |i| a.shape()[i]);
                    args.iter().map(own).max().unwrap()
                })
                .collect();
            let wide: Vec<Tensor> =
                args.iter().map(|a| a.broadcast(IxDyn(&lens)).unwrap().to_owned()).collect();
            let at = |i: &IxDyn| match (op, wide.as_slice()) {
                (_, [v]) => function(op, v[i]),
                (Op::Switch, [c, v, w]) => {
                    if c[i].x == 0.0 {
                        w[i]
                    } else {
                        v[i]
                    }
                }
                (_, [v, rest @ ..]) => rest.iter().fold(v[i], |v, w| pair(op, v, w[i])),
                _ => panic!("no operands"),
            };
            ArrayD::from_shape_fn(IxDyn(&lens), |i| at(&i))
        }
    }
}

/// The value of an expression, for inputs that carry derivatives.
pub(crate) fn value(e: &Expr, inputs: &[(&str, Tensor)]) -> Tensor {
    let mut known: Vec<(Expr, Tensor)> = Vec::new();
    for n in topological(std::slice::from_ref(e)) {
        let t = if let Some(name) = n.name() {
            inputs.iter().find(|(x, _)| *x == name).unwrap().1.clone()
        } else if let Some(l) = n.literal() {
            ArrayD::from_elem(IxDyn(&[]), Dual::number(l.value()))
        } else {
            let find = |a: &Expr| known.iter().find(|(k, _)| k.same_node(a)).unwrap().1.clone();
            apply(&n, &n.args().iter().map(find).collect::<Vec<_>>())
        };
        known.push((n, t));
    }
    known.pop().unwrap().1
}
