//! Training with shared variables: a network with one hidden layer learns exclusive or. The step is
//! one function; weights, and their momentum, live in it.
//!
//!     cargo run --release --example training

#![allow(clippy::print_stdout, reason = "an example prints")]

use egrad::function::{Function, Shared};
use egrad::prelude::*;
use egrad::verify::{Options, verify_grad};
use ndarray::{ArrayD, IxDyn, arr1, arr2};

/// Numbers that are not all alike, the same on every machine.
fn start(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1.0;
        f64::sin(k * 2.4)
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, y) = (dmatrix("x"), dvector("y"));
    let weights = [
        Shared::new("W", start(&[2, 4])),
        Shared::new("b", start(&[4])),
        Shared::new("v", start(&[4])),
        Shared::new("c", start(&[])),
    ];
    let [w, b, v, c] = weights.each_ref().map(Shared::expr);
    let score = dot(&(dot(&x, w) + b).tanh(), v) + c;
    // The logarithms of p and 1 - p, without loss.
    let cost = ((-&score).softplus() * &y + score.softplus() * (1 - &y)).mean().named("cost");

    let mut updates = Vec::new();
    for (w, g) in weights.iter().zip(grad(&cost, [w, b, v, c])?) {
        let name = format!("momentum of {}", w.expr().name().unwrap_or("?"));
        let m = Shared::new(&name, ArrayD::<f64>::zeros(w.get().raw_dim()));
        let next = 0.9 * m.expr() - 0.1 * g;
        updates.push((w.clone(), w.expr() + &next));
        updates.push((m, next));
    }
    let train = Function::builder()
        .updates(updates)
        .stateful(&[x.clone(), y.clone()], std::slice::from_ref(&cost))?;

    let at = arr2(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).into_dyn();
    let xor = arr1(&[0.0, 1.0, 1.0, 0.0]).into_dyn();
    let mut values: Vec<(&str, ArrayD<f64>)> = vec![("x", at.clone()), ("y", xor.clone())];
    values.extend(weights.iter().map(|w| (w.expr().name().unwrap_or("?"), w.get())));
    let wrt: Vec<Expr> = weights.iter().map(|w| w.expr().clone()).collect();
    println!(
        "{} elements of gradients verified",
        verify_grad(&cost, &wrt, &values, &Options::default())?.elements
    );

    for step in 0..=300 {
        let out = train.call(&[at.view(), xor.view()])?;
        if step % 100 == 0 {
            println!("step {step:3}: cost {:.4}", out[0][[]]);
        }
    }
    let predict = Function::builder().shared(weights.clone()).stateful(&[x], &[score.sigmoid()])?;
    println!("exclusive or: {:.2}", predict.call(&[at.view()])?[0]);
    Ok(())
}
