//! Random expressions and their gradients: what optimization may change under each profile, and what not.
//!
//! Scalars are judged with 75 digits, where every operator has its meaning over the reals; arrays
//! and the bits of `ieee` in doubles.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/typed.rs"]
mod typed;

use egrad::expr::Lit;
use egrad::function::Function;
use egrad::grad::{Disconnected, grads_or};
use egrad::graph::{Graph, Head, Id, Imported, import};
use egrad::num::Real;
use egrad::op::{Op, Role};
use egrad::optimize::{Optimized, Options, optimize};
use egrad::prelude::*;
use egrad::rules::Profile;
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use typed::{Rng, scalar, tensors};

/// Points at which scalars are compared: every sign, zeros, large and small, NaN and the infinities.
const SPECIAL: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    -3.0,
    1e-3,
    30.0,
    -30.0,
    710.0,
    1e-300,
    1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// So many seeds from the first, or those of `RANDOM_SEEDS=FIRST,COUNT`.
fn seeds(first: u64, count: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("RANDOM_SEEDS").ok();
    let pair = asked.as_deref().and_then(|t| t.split_once(','));
    let (first, count) = pair.map_or((first, count), |(a, n)| (a.parse().unwrap(), n.parse().unwrap()));
    first..first + count
}

fn options(profile: Profile) -> Options {
    Options { profile, ..Options::default() }
}

/// An expression with the gradients of its sum, where it has any.
fn with_gradients(e: &Expr, inputs: &[Expr]) -> Vec<Expr> {
    let cost = if e.rank() == 0 { e.clone() } else { e.sum() };
    let mut all = vec![e.clone()];
    all.extend(grads_or(&cost, inputs, Disconnected::Zero).unwrap_or_default());
    all
}

/// What a node is over the reals. Where an operand that it needs is none, neither is it.
/// Results of operators are off by the relative amount that `error` gives.
fn reals(graph: &Graph, roots: &[Id], point: &[f64], error: &dyn Fn(Id) -> f64) -> Option<Vec<Defined>> {
    let mut values: Vec<Option<Defined>> = vec![None; graph.len()];
    for id in graph.reachable(roots) {
        let args: Vec<Defined> =
            graph.node(id).args.iter().map(|&a| values[a as usize].clone().unwrap()).collect();
        values[id as usize] = Some(match graph.node(id).head {
            Head::Var(v) => Defined::new(Real::from(point[v as usize])),
            Head::Const(bits) => Defined::new(Real::from(f64::from_bits(bits))),
            Head::Int(..) => return None,
            Head::Size(_) => return None,
            Head::Op(op, _) => match op.def().role {
                // A scalar moved or summed over no axes is itself.
                Role::Move | Role::Reduce => args[0].clone(),
                _ => {
                    let mut d = Defined::apply(op, &args)?;
                    // `erfc(1e300)` is too small even for 75 digits.
                    d.unsure |= d.value.is_zero() && graph.facts(id).is_nonzero();
                    d.value = d.value * Real::from(1.0 + error(id));
                    d
                }
            },
        });
    }
    Some(roots.iter().map(|&r| values[r as usize].clone().unwrap()).collect())
}

/// A value over the reals, and whether it and all that it is computed from are real numbers.
#[derive(Debug, Clone)]
struct Defined {
    value: Real,
    whole: bool,
    /// Something between was so large, so small or so close to a jump that 75 digits do not decide.
    unsure: bool,
}

fn is_real(v: &Real) -> bool {
    !v.is_nan() && !v.is_infinite()
}

impl Defined {
    fn new(value: Real) -> Defined {
        Defined { whole: is_real(&value), value, unsure: false }
    }

    fn apply(op: Op, args: &[Defined]) -> Option<Defined> {
        let real = op.def().real?;
        let values: Vec<Real> = args.iter().map(|a| a.value.clone()).collect();
        let value = real(&values);
        // What a switch does not choose need not be.
        let used: Vec<&Defined> = match op {
            Op::Switch => vec![&args[0], &args[if values[0].is_zero() { 2 } else { 1 }]],
            _ => args.iter().collect(),
        };
        let whole = is_real(&value) && used.iter().all(|a| a.whole);
        let size = value.to_f64().abs();
        // A residue of rounding stands for zero.
        let far = is_real(&value) && !value.is_zero() && !(1e-40..1e40).contains(&size);
        let unsure = far || used.iter().any(|a| a.unsure);
        Some(Defined { value, whole, unsure })
    }
}

/// Equal but for constants that were folded in doubles; what magnifies those is no fault.
fn agree(a: &Real, b: &Real) -> bool {
    let (x, y) = (a.to_f64(), b.to_f64());
    (a - b).abs().to_f64() <= 1e-11 * x.abs().max(y.abs()).max(1e-3)
}

/// How many points said something, and how many did not.
#[derive(Debug, Default)]
struct Counts {
    equal: usize,
    undefined: usize,
    unsure: usize,
}

/// Compares raw and optimized over the reals at a point; what is wrong. `rounded` is the raw one with
/// roundings.
fn judge(
    profile: Profile,
    raw: &[Defined],
    rounded: &[Vec<Defined>],
    best: &[Defined],
    point: &[f64],
    counts: &mut Counts,
) -> Option<String> {
    for (k, (a, b)) in raw.iter().zip(best).enumerate() {
        if a.unsure || b.unsure {
            counts.unsure += 1;
        } else if a.whole {
            let far = (&a.value - &b.value).abs();
            let noise = |r: &Vec<Defined>| (&a.value - &r[k].value).abs() * Real::from(100.0);
            if is_real(&b.value) && rounded.iter().any(|r| !is_real(&r[k].value) || noise(r) >= far) {
                if agree(&a.value, &b.value) {
                    counts.equal += 1;
                } else {
                    counts.unsure += 1;
                }
                continue;
            }
            if !is_real(&b.value) || !agree(&a.value, &b.value) {
                return Some(format!("output {k} at {point:?}: {:?} became {:?}", a.value, b.value));
            }
            counts.equal += 1;
        } else if !is_real(&a.value) && profile != Profile::Real && point.iter().all(|p| p.is_finite()) {
            if is_real(&b.value) {
                return Some(format!("output {k} at {point:?}: {:?} became {:?}", a.value, b.value));
            }
            counts.undefined += 1;
        }
    }
    None
}

fn shown(inputs: &[Expr], outputs: &[Expr], best: &Optimized) -> String {
    let after = egrad::graph::export(&best.graph, &best.roots).unwrap();
    let lines = |l: &[Expr]| l.iter().map(|e| format!("  {}\n", pp(e))).collect::<String>();
    format!("{inputs:?}\n{}=>\n{}{}", lines(outputs), lines(&after), best.report)
}

/// The value over the reals is kept wherever there is one; under `strict` also where there is none.
#[test]
fn scalars_over_the_reals() {
    for profile in [Profile::Real, Profile::Strict] {
        let mut counts = Counts::default();
        let mut wrong = Vec::new();
        for seed in seeds(0, 600) {
            let mut rng = Rng::new(seed);
            let (inputs, e) = scalar(&mut rng);
            let outputs = with_gradients(&e, &inputs);
            let Ok(Imported { graph, roots, .. }) = import(&inputs, &outputs) else { continue };
            let best = optimize(&graph, &roots, &options(profile));
            for _ in 0..12 {
                // Both profiles take the zeros for one.
                let point: Vec<f64> = inputs.iter().map(|_| rng.number(&SPECIAL[..13]) + 0.0).collect();
                let none = |_| 0.0;
                let (Some(a), Some(b)) =
                    (reals(&graph, &roots, &point, &none), reals(&best.graph, &best.roots, &point, &none))
                else {
                    continue;
                };
                // Two patterns of roundings, so that they do not cancel in both.
                let up = |id: Id| if id.is_multiple_of(2) { 1e-15 } else { -1e-15 };
                let down = |id: Id| if id.is_multiple_of(3) { 1e-15 } else { -3e-15 };
                let rounded: Vec<Vec<Defined>> = [&up as &dyn Fn(Id) -> f64, &down]
                    .iter()
                    .filter_map(|error| reals(&graph, &roots, &point, error))
                    .collect();
                if let Some(text) = judge(profile, &a, &rounded, &b, &point, &mut counts) {
                    wrong.push(format!("seed {seed}: {text}\n{}", shown(&inputs, &outputs, &best)));
                    break;
                }
            }
        }
        assert!(wrong.is_empty(), "{profile:?}: {}\n{}", wrong.len(), wrong.join("\n\n"));
        assert!(counts.equal > 4 * counts.unsure, "{counts:?}");
        assert!(profile == Profile::Real || counts.undefined > 50, "{counts:?}");
    }
}

fn call(f: &Function, values: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
    let views: Vec<ArrayViewD<'_, f64>> = values.iter().map(|a| a.view()).collect();
    f.call(&views).unwrap()
}

fn same_bits(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// The functions before and after optimization, on the same inputs.
fn functions(inputs: &[Expr], outputs: &[Expr], profile: Profile) -> Option<(Function, Function)> {
    use egrad::function::OnUnused;
    let ignore = || Function::builder().unused(OnUnused::Ignore);
    let raw = ignore().raw().build(inputs, outputs).ok()?;
    let fast = ignore().options(options(profile)).build(inputs, outputs).unwrap();
    Some((raw, fast))
}

/// `ieee` keeps every bit, NaN, infinities and signed zeros included. Only a product of matrices sums in
/// an order that depends on how its operands lie in memory.
#[test]
fn arrays_bit_for_bit() {
    let mut compared = 0usize;
    for seed in seeds(0, 600) {
        let mut rng = Rng::new(seed);
        let (inputs, e) = tensors(&mut rng);
        let outputs = with_gradients(&e, &inputs);
        let Some((raw, fast)) = functions(&inputs, &outputs, Profile::Ieee) else { continue };
        let product = |e: &Expr| e.op().is_some_and(|op| op.def().role == Role::Contract);
        let exact = !egrad::expr::topological(&outputs).iter().any(product);
        for _ in 0..6 {
            let special: &[f64] = if exact { &SPECIAL } else { &[] };
            let values: Vec<ArrayD<f64>> = inputs.iter().map(|i| rng.array(i, special)).collect();
            for (a, b) in call(&raw, &values).iter().zip(&call(&fast, &values)) {
                assert_eq!(a.shape(), b.shape());
                for (p, q) in a.iter().zip(b) {
                    let kept = same_bits(*p, *q) || !exact && (p - q).abs() <= 1e-9 * p.abs().max(1.0);
                    assert!(kept, "seed {seed}: {p} became {q}\n{}{values:?}", sides(&outputs, &fast));
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 3000, "{compared}");
}

fn sides(outputs: &[Expr], fast: &Function) -> String {
    let lines = |l: &[Expr]| l.iter().map(|e| format!("  {}\n", pp(e))).collect::<String>();
    format!("{}=>\n{}", lines(outputs), lines(fast.outputs()))
}

/// Under the looser profiles the elements are the same up to rounding, wherever all that the
/// original computes is finite and far from overflow.
#[test]
fn arrays_up_to_rounding() {
    for profile in [Profile::Real, Profile::Strict] {
        let (mut compared, mut skipped) = (0usize, 0usize);
        for seed in seeds(1000, 400) {
            let mut rng = Rng::new(seed);
            let (inputs, e) = tensors(&mut rng);
            let outputs = with_gradients(&e, &inputs);
            let Some((raw, fast)) = functions(&inputs, &outputs, profile) else { continue };
            let imported = import(&inputs, &outputs).unwrap();
            let all = imported.graph.reachable(&imported.roots);
            for _ in 0..6 {
                let values: Vec<ArrayD<f64>> = inputs.iter().map(|i| rng.array(i, &[])).collect();
                let named: Vec<ArrayD<f64>> = imported
                    .graph
                    .vars()
                    .iter()
                    .map(|(n, _)| values[inputs.iter().position(|i| i.name() == Some(n)).unwrap()].clone())
                    .collect();
                let views: Vec<ArrayViewD<'_, f64>> = named.iter().map(|a| a.view()).collect();
                let inner = egrad::eval::reference::evaluate(&imported.graph, &all, &views).unwrap();
                let sizes = inner.iter().flatten().map(|v| v.abs());
                let largest = sizes.clone().fold(1.0, f64::max);
                if !sizes.clone().all(|s| s < 1e6 && (s == 0.0 || s > 1e-6)) {
                    skipped += 1;
                    continue;
                }
                for (a, b) in call(&raw, &values).iter().zip(&call(&fast, &values)) {
                    assert_eq!(a.shape(), b.shape());
                    for (p, q) in a.iter().zip(b) {
                        let close = (p - q).abs() <= 1e-9 * largest;
                        assert!(close, "seed {seed}: {p} became {q}\n{}{values:?}", sides(&outputs, &fast));
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 3000 && compared > skipped, "{compared} {skipped}");
    }
}

/// Expressions that are nowhere, or not at a point, a real number; and what each profile makes of them.
#[test]
fn hidden_zeros() {
    let x = dscalar("x");
    let zero = || &x - &x;
    let lit = |v: f64| Expr::lit(Lit::Float(v));
    let traps = [
        ("(x-x)/(x-x)", zero() / zero()),
        ("0*(1/(x-x))", lit(0.0) * (1.0 / zero())),
        ("1/(x-x) - 1/(x-x)", 1.0 / zero() - 1.0 / zero()),
        ("inf - inf", lit(f64::INFINITY) - lit(f64::INFINITY)),
        ("x/x", &x / &x),
        ("(x*0)/(x*0)", (&x * 0.0) / (&x * 0.0)),
        ("(x-x)**-1 * (x-x)", zero().pow(-1) * zero()),
        ("log(x-x) - log(x-x)", zero().log() - zero().log()),
        ("exp(log(x-x))", zero().log().exp()),
        ("sqrt(-1-x*x)**2", (-1.0 - &x * &x).sqrt().pow(2)),
        ("log(exp(x)-exp(x)) * 0", (x.exp() - x.exp()).log() * 0.0),
        ("(x+1-x-1) / (x+1-x-1)", (&x + 1.0 - &x - 1.0) / (&x + 1.0 - &x - 1.0)),
        ("1/(1/(x-x))", 1.0 / (1.0 / zero())),
        ("(x-x)*inf", zero() * lit(f64::INFINITY)),
        ("(2*x-x-x)/(3*x-2*x-x)", (2.0 * &x - &x - &x) / (3.0 * &x - 2.0 * &x - &x)),
        ("x**0 with NaN", x.pow(0)),
        ("(x-x)**0", zero().pow(0)),
        ("abs(x)/x", x.abs() / &x),
        ("(x*x-1)/(x-1)", (&x * &x - 1.0) / (&x - 1.0)),
    ];
    let mut table = String::new();
    for (name, e) in traps {
        let raw = Function::builder().raw().build(&inputs_of(&e), std::slice::from_ref(&e)).unwrap();
        table.push_str(&format!("{name}\n"));
        for (profile, word) in Profile::ALL {
            let fast = Function::builder()
                .options(options(profile))
                .build(&inputs_of(&e), std::slice::from_ref(&e))
                .unwrap();
            let mut line = String::new();
            for point in [0.0, -0.0, 1.0, -2.0, f64::INFINITY, f64::NAN] {
                let value = [ArrayD::from_elem(IxDyn(&[]), point)];
                let args = if raw.inputs().is_empty() { &value[..0] } else { &value[..] };
                let (a, b) = (call(&raw, args)[0][[]], call(&fast, args)[0][[]]);
                line.push_str(&if same_bits(a, b) { format!(" {a}") } else { format!(" {a}:{b}") });
                if point.is_finite() {
                    // A real number stays.
                    assert!(
                        !a.is_finite() || egrad::num::same(b, a, 1e-12),
                        "{name} {word} {point}: {a} {b}"
                    );
                }
                match profile {
                    Profile::Ieee => assert!(same_bits(a, b), "{name} at {point}: {a} {b}"),
                    Profile::Strict => {
                        assert!(a.is_finite() || !b.is_finite(), "{name} at {point}: {a} {b}");
                    }
                    Profile::Real => {}
                }
            }
            let lost = if fast.report().unwrap().contradictions.is_empty() { "" } else { " contradiction" };
            table.push_str(&format!("  {word:<7} {:<28}{lost}{line}\n", pp(&fast.outputs()[0])));
        }
    }
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => "Values at 0, -0, 1, -2, inf, NaN; before:after where they differ.",
    }, { insta::assert_snapshot!("random_opt__hidden_zeros", table) });
}

fn inputs_of(e: &Expr) -> Vec<Expr> {
    egrad::expr::variables(std::slice::from_ref(e))
}
