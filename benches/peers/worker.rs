//! A worker of the peers comparison: reads requests as lines of JSON, builds each workload's gradient
//! from text, times calls. The protocol is in this folder's README.
//!
//!     cargo build --release --example peers_worker

#![allow(clippy::print_stdout, reason = "the protocol's channel")]

mod texts;

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::Instant;

use egrad::eval::{Array, ArrayMut, ArrayRef};
use egrad::function::{Function, OnUnused};
use egrad::sexp::Source;
use egrad::text::parse_infix;
use egrad::ty::DType;
use ndarray::{ArrayViewD, ArrayViewMutD};
use serde_json::{Value, json};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A workload that is ready: the function, its inputs in order, outputs that are kept.
struct Ready {
    f: Function,
    inputs: Vec<Array>,
    outputs: Vec<Array>,
}

impl Ready {
    /// Text to first result, in seconds; inputs are read before.
    fn new(text: &str, load: impl Fn(&str) -> Fallible<Array>) -> Fallible<(Ready, f64)> {
        let names = parse_infix(&Source::text_only(text), &[])?.inputs;
        let inputs: Vec<Array> =
            names.iter().map(|e| load(e.name().unwrap_or(""))).collect::<Fallible<_>>()?;
        let start = Instant::now();
        let program = parse_infix(&Source::text_only(text), &[])?;
        let f = Function::builder().unused(OnUnused::Ignore).build(&program.inputs, &program.results)?;
        let views: Vec<ArrayRef<'_>> = inputs.iter().map(Array::view).collect();
        let outputs = f.call_arrays(&views)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((Ready { f, inputs, outputs }, seconds))
    }

    /// Seconds per call of each batch of calls, sorted; stops after `budget` seconds.
    fn time(&mut self, budget: f64) -> Fallible<(Vec<f64>, usize)> {
        let views: Vec<ArrayRef<'_>> = self.inputs.iter().map(Array::view).collect();
        let mut into: Vec<ArrayMut<'_>> = self.outputs.iter_mut().map(Array::view_mut).collect();
        let f = &self.f;
        // Functions of doubles alone are called by the shorter road.
        let doubles: Option<Vec<ArrayViewD<'_, f64>>> = views.iter().map(doubles).collect();
        let into_doubles: Option<Vec<ArrayViewMutD<'_, f64>>> = into.iter_mut().map(doubles_mut).collect();
        if let (Some(views), Some(mut into)) = (doubles, into_doubles) {
            return batches(budget, || Ok(f.call_into(black_box(&views), &mut into)?));
        }
        batches(budget, || Ok(f.call_arrays_into(black_box(&views), &mut into)?))
    }
}

fn doubles<'a>(x: &ArrayRef<'a>) -> Option<ArrayViewD<'a, f64>> {
    match x {
        ArrayRef::F64(x) => Some(x.clone()),
        _ => None,
    }
}

fn doubles_mut<'a>(x: &'a mut ArrayMut<'_>) -> Option<ArrayViewMutD<'a, f64>> {
    match x {
        ArrayMut::F64(x) => Some(x.view_mut()),
        _ => None,
    }
}

/// Seconds per call of each batch of calls, sorted, and calls in a batch; stops after `budget` seconds.
fn batches(budget: f64, mut call: impl FnMut() -> Fallible<()>) -> Fallible<(Vec<f64>, usize)> {
    let mut batch = |calls: usize| -> Fallible<f64> {
        let start = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        Ok(start.elapsed().as_secs_f64())
    };
    let once = batch(1)?.min(batch(1)?);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of calls")]
    let calls = ((0.004 / once.max(1e-8)) as usize).max(1);
    let start = Instant::now();
    let mut per = Vec::new();
    while per.len() < 3 || start.elapsed().as_secs_f64() < budget {
        #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
        per.push(batch(calls)? / calls as f64);
    }
    per.sort_by(f64::total_cmp);
    Ok((per, calls))
}

fn bytes(x: &Array) -> Vec<u8> {
    match x {
        Array::F64(x) => x.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Array::F32(x) => x.iter().flat_map(|v| v.to_le_bytes()).collect(),
        other => other.to_f64().iter().flat_map(|v| v.to_le_bytes()).collect(),
    }
}

fn input(dir: &Path, meta: &Value, name: &str, dtype: &str) -> Fallible<Array> {
    let shape = meta["inputs"][name]["shape"].as_array().ok_or("an input without shape")?;
    let shape: Vec<usize> =
        shape.iter().filter_map(Value::as_u64).map(usize::try_from).collect::<Result<_, _>>()?;
    let data = std::fs::read(dir.join(format!("{name}.bin")))?;
    // Large pages, as the peers' arrays have.
    let mut x = Array::zeros(if dtype == "f32" { DType::F32 } else { DType::F64 }, &shape);
    match &mut x {
        Array::F32(x) => {
            x.iter_mut().zip(data.as_chunks::<4>().0).for_each(|(x, c)| *x = f32::from_le_bytes(*c));
        }
        Array::F64(x) => {
            x.iter_mut().zip(data.as_chunks::<8>().0).for_each(|(x, c)| *x = f64::from_le_bytes(*c));
        }
        _ => return Err("an input of another type".into()),
    }
    Ok(x)
}

/// Answers one request; `None` ends the worker.
fn answer(request: &Value, ready: &mut Option<Ready>, tag: &str) -> Fallible<Option<Value>> {
    let field = |name: &str| request[name].as_str().unwrap_or("");
    Ok(Some(match field("cmd") {
        "quit" => return Ok(None),
        "drop" => {
            *ready = None;
            json!({"ok": true})
        }
        "prepare" => {
            let dtype = field("dtype");
            let Some(text) = texts::text(field("workload"), dtype) else {
                return Ok(Some(json!({"ok": false, "unsupported": true})));
            };
            let dir = Path::new(field("dir"));
            let meta: Value = serde_json::from_slice(&std::fs::read(dir.join("meta.json"))?)?;
            let (made, seconds) = Ready::new(&text, |name| input(dir, &meta, name, dtype))?;
            for (i, o) in made.outputs.iter().enumerate() {
                std::fs::write(dir.join(format!("out_{tag}_{i}.bin")), bytes(o))?;
            }
            *ready = Some(made);
            json!({"ok": true, "ttfr_s": seconds})
        }
        "time" => {
            let ready = ready.as_mut().ok_or("nothing is prepared")?;
            let (per, calls) = ready.time(request["budget_s"].as_f64().unwrap_or(0.05))?;
            json!({
                "ok": true, "median_s": per[per.len() / 2], "min_s": per[0],
                "calls": calls * per.len(), "batches": per.len(), "clean": per.len(),
            })
        }
        other => json!({"ok": false, "error": format!("no such command: {other:?}")}),
    }))
}

fn main() -> Fallible<()> {
    let mut out = std::io::stdout().lock();
    let mut say = |v: &Value| writeln!(out, "{v}").and_then(|()| out.flush());
    say(&json!({"ok": true, "import_s": 0.0, "init_s": 0.0, "version": env!("CARGO_PKG_VERSION")}))?;
    let mut ready = None;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        match answer(&request, &mut ready, "egrad") {
            Ok(Some(v)) => say(&v)?,
            Ok(None) => break,
            Err(e) => say(&json!({"ok": false, "error": e.to_string()}))?,
        }
    }
    Ok(())
}
