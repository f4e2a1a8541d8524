//! What a call costs beside its arithmetic, what singles and threads give.

use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use egrad::eval::{Array, ArrayMut, ArrayRef, Format, Threads};
use egrad::function::Function;
use egrad::sexp::Source;
use egrad::text::parse_infix;

/// A program whose inputs are vectors of `n` or numbers, and its calls.
fn calls(c: &mut Criterion, group: &str, text: &str, n: usize, threads: usize) {
    for (name, format) in [("f64", Format::F64), ("f32", Format::F32)] {
        let text = text.replace("FLOAT", name);
        let Ok(p) = parse_infix(&Source::text_only(&text), &[]) else { continue };
        let threads = Threads::Exactly(NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN));
        let Ok(f) = Function::builder().threads(threads).build(&p.inputs, &p.results) else { continue };
        let inputs: Vec<Array> =
            p.inputs.iter().map(|e| Array::zeros(format.dtype(), &vec![n; e.rank()])).collect();
        let views: Vec<ArrayRef<'_>> = inputs.iter().map(Array::view).collect();
        let Ok(mut outputs) = f.call_arrays(&views) else { continue };
        let mut into: Vec<ArrayMut<'_>> = outputs.iter_mut().map(Array::view_mut).collect();
        let mut g = c.benchmark_group(group);
        g.throughput(Throughput::Elements(n as u64));
        g.bench_function(BenchmarkId::new(format!("{name}-{threads:?}"), n), |b| {
            b.iter(|| f.call_arrays_into(black_box(&views), &mut into));
        });
        g.finish();
    }
}

fn bench(c: &mut Criterion) {
    calls(c, "number", "x: FLOAT\ngrad(x ** 2, [x])", 1, 1);
    for n in [1, 1000] {
        calls(c, "square", "x: FLOAT[n]\ngrad(sum(x ** 2), [x])", n, 1);
    }
    for threads in [1, 2] {
        calls(c, "logistic", "x: FLOAT[n]\ngrad(sum(1 / (1 + exp(-x))), [x])", 1_000_000, threads);
        calls(c, "sum", "x: FLOAT[n]\nsum(exp(x))", 1_000_000, threads);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(50))
        .measurement_time(std::time::Duration::from_millis(200)).without_plots();
    targets = bench
}
criterion_main!(benches);
