//! How good and how fast the extractors are on random problems: a table, not a test.
//! `cargo test --release --test extract_report -- --ignored --nocapture`
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/graphs.rs"]
mod graphs;

use egrad::extract::{Budget, EXTRACTORS, Proof, by_name};
use graphs::{random, shapes};
use std::time::Instant;

/// Problems per shape.
const SEEDS: u64 = 12;

#[test]
#[ignore = "a report"]
fn report() {
    let sizes: Vec<u32> = std::env::var("SIZES")
        .map_or(vec![30, 100, 300], |s| s.split(',').map(|n| n.parse().unwrap()).collect());
    for size in sizes {
        let problems: Vec<_> =
            shapes(size).iter().flat_map(|&s| (0..SEEDS).map(move |seed| random(s, seed + 1))).collect();
        let exact = by_name("exact").unwrap();
        let t = Instant::now();
        let best: Vec<_> = problems
            .iter()
            .map(|p| {
                (exact.run)(p, None, &Budget::scaled(p).times(if size > 600 { 10 } else { 40 })).unwrap()
            })
            .collect();
        let proved = best.iter().filter(|o| o.optimal == Proof::Proved).count();
        println!("size {size}: {} problems, {proved} proved, reference {:?}", problems.len(), t.elapsed());
        for e in EXTRACTORS.iter().filter(|e| e.name != "exact" || size <= 100) {
            let (mut log, mut worst, mut hits) = (0.0, 1.0_f64, 0);
            let t = Instant::now();
            let mut slowest = 0;
            for (p, b) in problems.iter().zip(&best) {
                let t = Instant::now();
                let cost = (e.run)(p, None, &Budget::scaled(p)).unwrap().cost;
                slowest = slowest.max(t.elapsed().as_micros());
                let ratio = if b.cost > 0.0 { cost / b.cost } else { 1.0 };
                log += ratio.ln();
                worst = worst.max(ratio);
                hits += usize::from(ratio < 1.0 + 1e-9);
                if ratio < 1.0 - 1e-9 {
                    println!("  better than the reference by {}, which says {:?}", 1.0 - ratio, b.optimal);
                }
            }
            let n = problems.len() as f64;
            println!(
                "  {:10} geo-mean {:.5} worst {worst:.4} best {hits} mean {:.1} us, slowest {slowest} us",
                e.name,
                (log / n).exp(),
                t.elapsed().as_micros() as f64 / n,
            );
        }
    }
}
