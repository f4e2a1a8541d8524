//! The tutorial's first page with the library: build, differentiate, print, compile, call.
//!
//!     cargo run --release --example tutorial

#![allow(clippy::print_stdout, reason = "an example prints")]

use egrad::function::Function;
use egrad::prelude::*;
use ndarray::array;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let x = dscalar("x");
    let y = x.pow(2);
    let gy = grad(&y, &x)?;
    println!("{}", pp(&gy));
    let f = Function::new(std::slice::from_ref(&x), &[gy])?;
    println!("{}", pp(&f.outputs()[0]));
    for at in [4.0, 94.2] {
        println!("f({at}) = {}", f.call_with(&[&at])?[0]);
    }

    let m = dmatrix("m");
    let s = (1 / (1 + (-&m).exp())).sum();
    let gs = grad(&s, &m)?;
    println!("{}", pp(&gs));
    let dlogistic = Function::new(std::slice::from_ref(&m), &[gs])?;
    println!("{}", pp(&dlogistic.outputs()[0]));
    let at = array![[0.0, 1.0], [-1.0, -2.0]].into_dyn();
    println!("{}", dlogistic.call(&[at.view()])?[0]);
    Ok(())
}
