//! Calls that the table of operators explains.
//!
//! Which arguments are operands and which say the attribute follows from the row: its arity and
//! [`AttrKind`]. A new row can be called without a change here.

use super::args::Args;
use super::value::{Item, Value};
use crate::expr::Expr;
use crate::op::{Arity, Attr, AttrKind, IndexItem, Op, Place, Role};
use crate::sexp::{ReadError, ReadErrorKind, quoted};
use crate::ty::normalize_axis;

impl Args<'_> {
    /// A call of an operator of the table.
    pub(super) fn call(mut self, op: Op) -> Result<Expr, ReadError> {
        let def = op.def();
        let n = match def.arity {
            Arity::Exact(n) => n,
            Arity::AtLeast(_) => usize::MAX,
        };
        match def.attr {
            AttrKind::None => {
                let operands = self.operands(usize::MAX)?;
                self.done()?;
                self.elementwise(op, operands)
            }
            AttrKind::Axes => {
                if let Some(pairwise) = self.pairwise(op)? {
                    return Ok(pairwise);
                }
                let operands = self.operands(n)?;
                let attr = self.axes(operands.first(), def.role)?;
                let keep = def.role == Role::Reduce && self.flag("keepdims")?;
                // That there is no zero allows a shorter gradient, which is not needed.
                let _ = op == Op::Prod && self.flag("no_zeros_in_input")?;
                let operands = match self.keyword("dtype").map(|i| i.value) {
                    Some(Value::DType(d)) if def.role == Role::Reduce => {
                        vec![self.apply(Op::conversion(), Attr::DType(d), operands)?]
                    }
                    _ => operands,
                };
                self.done()?;
                let x = operands.first().cloned();
                let reduced = self.apply(op, attr.clone(), operands)?;
                Ok(match x {
                    // Theano keeps the axes of what `min` is the opposite of.
                    Some(x) if keep && op == Op::Min && x.ty().dtype != crate::ty::DType::Bool => {
                        let largest = self.apply(Op::Max, attr.clone(), vec![-&x])?;
                        -x.keepdims(&largest, &attr.axes(x.rank()))
                    }
                    Some(x) if keep => x.keepdims(&reduced, &attr.axes(x.rank())),
                    _ => reduced,
                })
            }
            AttrKind::Axis => self.axis_call(op, n),
            AttrKind::Part => self.part_call(op, n),
            AttrKind::Perm => {
                let operands = self.operands(n)?;
                self.gather_ints();
                let order: Option<Vec<Option<i64>>> = match (self.braces.take(), self.static_arg(&["order"]))
                {
                    (Some(b), None) => Some(b.clone()),
                    (None, Some(i)) => self.order(&i)?,
                    _ => None,
                };
                let Some(order) = order else {
                    return Err(self.error(ReadErrorKind::Arity, "the order of the axes is missing"));
                };
                self.done()?;
                let axis = |a: i64| usize::try_from(a).ok();
                let perm = order.into_iter().map(|a| a.map_or(Some(None), |a| axis(a).map(Some)));
                match perm.collect() {
                    Some(perm) => self.apply(op, Attr::Perm(perm), operands),
                    None => Err(self.error(ReadErrorKind::Shape, "axes are not negative here")),
                }
            }
            AttrKind::Dims => {
                let operands = self.operands(n)?;
                let _ = op == Op::Reshape && self.keyword("ndim").is_some();
                let items = match self.keyword("shape") {
                    Some(i) => vec![i],
                    None if self.items.is_empty() => {
                        let message = format!("the lengths for {} are missing", quoted(self.name));
                        return Err(self.error(ReadErrorKind::Arity, message));
                    }
                    None => std::mem::take(&mut self.items),
                };
                let like = match &items[..] {
                    [Item { value: Value::Expr(e), .. }] if e.op() == Some(Op::ShapeOf) => {
                        Some(e.arg(0).clone())
                    }
                    _ => None,
                };
                let items = self.spread(items);
                if let Some(b) = self.braces.take()
                    && (b.len() != 1 || b[0] != i64::try_from(items.len()).ok())
                {
                    return Err(self.error(ReadErrorKind::Shape, "the braces say another number of axes"));
                }
                self.done()?;
                if let (Some(like), Op::Reshape, [x]) = (&like, op, &operands[..]) {
                    return self.apply(Op::ReshapeLike, Attr::None, vec![x.clone(), like.clone()]);
                }
                let dims = self.dims(operands.first(), &items)?;
                if let (Op::Reshape, [x]) = (op, &operands[..])
                    && let Some(array) = super::numbers::reshaped(x, &dims)
                {
                    return Ok(array);
                }
                self.apply(op, Attr::Dims(dims), operands)
            }
            AttrKind::DType => {
                let operands = self.operands(n)?;
                match self.static_arg(&["dtype"]) {
                    Some(Item { value: Value::DType(d), .. }) => {
                        self.done()?;
                        self.apply(op, Attr::DType(d), operands)
                    }
                    Some(i) => Err(self.error_at(ReadErrorKind::Parse, &i, "a type is missing here")),
                    None => Err(self.error(ReadErrorKind::Arity, "the type is missing")),
                }
            }
            AttrKind::Index => self.index_call(op, n),
            AttrKind::Places => {
                let message = format!("{} is written as an index, `x[i:]`", quoted(self.name));
                Err(self.error(ReadErrorKind::Parse, message))
            }
        }
    }

    /// `max(x, y)` as Python has it, where the second is no axis.
    fn pairwise(&mut self, op: Op) -> Result<Option<Expr>, ReadError> {
        let pair = match op {
            Op::Max => Op::Maximum,
            Op::Min => Op::Minimum,
            _ => return Ok(None),
        };
        let scalar = |i: &Item| i.value.as_expr().is_some_and(|e| e.rank() == 0);
        let second = self.items.get(1).filter(|i| i.value.as_expr().is_some());
        let several = second.is_some_and(|i| i.value.ints().is_none() || scalar(&self.items[0]));
        if !several || self.braces.is_some() || !self.keywords.is_empty() {
            return Ok(None);
        }
        let operands = self.operands(usize::MAX)?;
        let mut rest = operands.into_iter();
        let Some(first) = rest.next() else { return Ok(None) };
        rest.try_fold(first, |a, b| self.elementwise(pair, vec![a, b])).map(Some)
    }

    fn order(&self, i: &Item) -> Result<Option<Vec<Option<i64>>>, ReadError> {
        let Value::List(list) = &i.value else { return self.ints(i).map(|_| None) };
        let axis = |i: &Item| match i.value {
            Value::Nothing => Ok(None),
            Value::Word if self.source.slice(i.span) == "x" => Ok(None),
            _ => Ok(self.ints(i)?.first().copied()),
        };
        list.iter().map(axis).collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// `join(0, x, y)`, `concatenate([x, y], axis=0)`, `length(x, 0)`.
    fn axis_call(mut self, op: Op, n: usize) -> Result<Expr, ReadError> {
        let mut axis = self.keyword("axis");
        let braced = match self.braces.take().map(Vec::as_slice) {
            Some([Some(a)]) => Some(*a),
            Some(_) => {
                return Err(self.error(ReadErrorKind::Parse, "these braces hold the number of an axis"));
            }
            None => None,
        };
        let several = n == usize::MAX && braced.is_none();
        if several && matches!(self.items.first(), Some(Item { value: Value::List(_), .. })) {
            let list = self.items.remove(0);
            if axis.is_none() && !self.items.is_empty() {
                axis = Some(self.items.remove(0));
            }
            self.done()?;
            if let Value::List(list) = list.value {
                self.items = list;
            }
        } else if axis.is_none() && braced.is_none() && n == usize::MAX {
            // Theano puts the axis first.
            if self.items.first().is_some_and(|i| i.value.int().is_some()) {
                axis = Some(self.items.remove(0));
            }
        } else if axis.is_none() && self.items.len() > n {
            axis = Some(self.items.remove(n));
        }
        let mut operands = self.operands(n)?;
        self.done()?;
        let axis = axis.filter(|i| !matches!(i.value, Value::Nothing));
        // Without an axis a running sum or product is that of all elements, in row-major order.
        if let ([x], None, None) = (&mut operands[..], &axis, braced)
            && op.def().role == Role::Whole
            && x.rank() != 1
        {
            *x = x.flatten();
        }
        let rank = operands.first().map_or(0, Expr::rank);
        let (axis, span) = match axis {
            None if braced.is_some() => (braced.unwrap_or(0), self.span),
            Some(i) => match i.value.int() {
                Some(a) => (a, i.span),
                None => return Err(self.error_at(ReadErrorKind::Parse, &i, "the axis is one integer")),
            },
            None => (0, self.span),
        };
        if operands.is_empty() {
            return Err(self.error(ReadErrorKind::Arity, format!("{} of nothing", quoted(self.name))));
        }
        let axis = normalize_axis(axis, rank)
            .map_err(|e| ReadError::new(ReadErrorKind::Shape, self.source, span, e.to_string()))?;
        self.apply(op, Attr::Axis(axis), operands)
    }

    /// `split_part(g, x, y, axis=0, part=1)`.
    fn part_call(mut self, op: Op, n: usize) -> Result<Expr, ReadError> {
        let mut number = |name: &str| {
            let Some(item) = self.keyword(name) else { return Ok(0) };
            match item.value.int().and_then(|k| usize::try_from(k).ok()) {
                Some(k) => Ok(k),
                None => Err(self.error_at(ReadErrorKind::Parse, &item, "a natural number is expected here")),
            }
        };
        let attr = Attr::Part(number("axis")?, number("part")?);
        let operands = self.operands(n)?;
        self.done()?;
        self.apply(op, attr, operands)
    }

    /// `inc_subtensor(x[1:], y)`: the index is that of the first operand.
    fn index_call(mut self, op: Op, n: usize) -> Result<Expr, ReadError> {
        if self.items.is_empty() {
            return Err(self.error(ReadErrorKind::Arity, format!("{} of nothing", quoted(self.name))));
        }
        let first = self.items.remove(0);
        let place = match &first.value {
            Value::View(v) => Some((v.of.clone(), Attr::Index(v.items.clone()))),
            Value::Expr(e) if e.op() == Some(Op::Index) => Some((e.arg(0).clone(), e.attr().clone())),
            Value::Expr(e) if e.op() == Some(Op::Places) => {
                let with = if op == Op::SetSubtensor { Op::SetPlaces } else { Op::IncPlaces };
                let mut operands = vec![e.arg(0).clone()];
                operands.extend(self.operands(1)?);
                self.done()?;
                operands.extend(e.args()[1..].iter().cloned());
                return self.apply(with, e.attr().clone(), operands);
            }
            Value::Expr(e) if e.op() == Some(Op::Take) => {
                let value = self.operands(1)?;
                self.done()?;
                return self.written_at(op, e, value);
            }
            _ => None,
        };
        let Some((x, attr)) = place else {
            let message = format!("{} takes an index here, as in `x[1:]`", quoted(self.name));
            return Err(self.error_at(ReadErrorKind::Parse, &first, message));
        };
        let mut operands = vec![x];
        operands.extend(self.operands(n.saturating_sub(1))?);
        self.done()?;
        self.apply(op, attr, operands)
    }

    /// A write where `taken` is taken; what is smaller than that is broadcast.
    fn written_at(&self, op: Op, taken: &Expr, value: Vec<Expr>) -> Result<Expr, ReadError> {
        let set = op == Op::SetSubtensor;
        let dims = |e: &Expr| e.ty().shape.dims().to_vec();
        let same = |v: &Expr| {
            let ones = dims(v).iter().zip(dims(taken)).all(|(v, t)| !v.is_one() || t.is_one());
            v.rank() == taken.rank() && ones
        };
        let Attr::Axis(axis) = *taken.attr() else {
            return Err(self.error(ReadErrorKind::Index, "no index"));
        };
        let (x, at) = (taken.arg(0).clone(), taken.arg(1).clone());
        if value.iter().all(same) {
            let with = if set { Op::SetTake } else { Op::IncTake };
            let all = [vec![x, at], value].concat();
            return self.apply(with, taken.attr().clone(), all);
        }
        let with = if set { Op::SetPlaces } else { Op::IncPlaces };
        let whole = IndexItem::Slice { start: None, stop: None, step: 1 };
        let mut places = vec![Place::Item(whole); axis];
        places.push(Place::Operand);
        self.apply(with, Attr::Places(places), [vec![x], value, vec![at]].concat())
    }
}
