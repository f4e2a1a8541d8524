//! A logistic regression, trained by gradient descent: both gradients and the loss come from one
//! function, which does their shared work once.
//!
//!     cargo run --release --example logistic_regression

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::Path;

use egrad::data::read_array;
use egrad::function::Function;
use egrad::prelude::*;
use ndarray::{Axis, Ix2, arr0, s};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, y) = (dmatrix("X"), dvector("y"));
    let (w, b) = (dvector("w"), dscalar("b"));
    let score = dot(&x, &w) + &b;
    let p = 1 / (1 + (-&score).exp());
    let loss = -(&y * p.log() + (1 - &y) * (1 - &p).log()).mean();
    let [gw, gb] = grad(&loss, [&w, &b])?;
    let f = Function::new(&[x, y, w, b], &[loss, gw, gb])?;
    for output in f.outputs() {
        println!("{}", pp(output));
    }

    // Temperature and vibration of pumps, standardized, and whether they failed.
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/pumps.csv");
    let data = read_array(&file)?.into_dimensionality::<Ix2>()?;
    let mut features = data.slice(s![.., ..2]).to_owned();
    for mut column in features.axis_iter_mut(Axis(1)) {
        let (mean, std) = (column.mean().unwrap_or(0.0), column.std(0.0));
        column.mapv_inplace(|v| (v - mean) / std);
    }
    let (features, failed) = (features.into_dyn(), data.column(2).to_owned().into_dyn());

    let mut w = ndarray::Array1::<f64>::zeros(2).into_dyn();
    let mut b = arr0(0.0).into_dyn();
    for step in 0..=200 {
        let out = f.call(&[features.view(), failed.view(), w.view(), b.view()])?;
        if step % 50 == 0 {
            println!("step {step:3}: loss {:.6}, w {:.3}, b {:.3}", out[0], w, b);
        }
        w.scaled_add(-1.0, &out[1]);
        b.scaled_add(-1.0, &out[2]);
    }
    Ok(())
}
