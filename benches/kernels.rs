//! Every elementwise kernel over a block in the first-level cache, in doubles and in singles, at every
//! width of this machine.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use egrad::math::{Element as _, Width, use_width};
use egrad::op::{Kernel, Op};

const BLOCK: usize = 512;

fn bench(c: &mut Criterion) {
    let points = |from: f64, to: f64| -> Vec<f64> {
        let step = (to - from) / 512.0;
        (0..BLOCK).map(|i| from + step * f64::from(u32::try_from(i).unwrap_or(0))).collect()
    };
    let (x, y, z) = (points(0.1, 5.0), points(0.5, 3.0), points(-2.0, 2.0));
    let mut out = vec![0.0; BLOCK];
    let single = |v: &[f64]| -> Vec<f32> { v.iter().map(|&x| f32::of(x)).collect() };
    let (a, b, c32) = (single(&x), single(&y), single(&z));
    let mut out32 = vec![0.0f32; BLOCK];
    for width in Width::ALL {
        if !use_width(width) {
            continue;
        }
        for &op in Op::ALL {
            let name = op.def().name.replace('/', "div");
            let mut group = c.benchmark_group(name);
            group.throughput(Throughput::Elements(512));
            let id = BenchmarkId::from_parameter(format!("{width:?}"));
            let id32 = BenchmarkId::from_parameter(format!("{width:?}-f32"));
            match op.def().kernel {
                Kernel::Map1(k) => {
                    group.bench_function(id, |b| b.iter(|| (k.block)(black_box(&x), black_box(&mut out))));
                    group.bench_function(id32, |t| {
                        t.iter(|| (k.single)(black_box(&a), black_box(&mut out32)));
                    });
                }
                Kernel::Map2(k) => {
                    group.bench_function(id, |b| {
                        b.iter(|| (k.block)(black_box(&x), black_box(&y), black_box(&mut out)));
                    });
                    group.bench_function(id32, |t| {
                        t.iter(|| (k.single)(black_box(&a), black_box(&b), black_box(&mut out32)));
                    });
                }
                Kernel::Map3(k) => {
                    group.bench_function(id, |b| {
                        b.iter(|| (k.block)(black_box(&z), black_box(&x), black_box(&y), &mut out));
                    });
                    group.bench_function(id32, |t| {
                        t.iter(|| (k.single)(black_box(&c32), black_box(&a), black_box(&b), &mut out32));
                    });
                }
                Kernel::Reduce { fold, single, .. } => {
                    group.bench_function(id, |b| b.iter(|| fold(black_box(&x))));
                    group.bench_function(id32, |t| t.iter(|| single(black_box(&a))));
                }
                _ => {}
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(20))
        .measurement_time(std::time::Duration::from_millis(80)).without_plots();
    targets = bench
}
criterion_main!(benches);
