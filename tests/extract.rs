//! Holds every extractor to its contract and its claim, against brute force and against all others.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/graphs.rs"]
mod graphs;

use egrad::extract::serial::{EGraph, SerialError};
use egrad::extract::{
    Budget, Choice, Claim, EXTRACTORS, ExtractError, Extractor, Node, Outcome, Problem, Proof, by_name,
    validate,
};
use graphs::{Seed, Shape, random, shapes};
use smallvec::{SmallVec, smallvec};

fn run(name: &str, problem: &Problem) -> Outcome {
    let e = by_name(name).unwrap();
    (e.run)(problem, None, &Budget::scaled(problem)).unwrap()
}

fn node(class: u32, cost: f64, children: &[u32]) -> Node {
    Node { class, cost, children: SmallVec::from_slice(children) }
}

/// The same within rounding, infinities included.
fn same(a: f64, b: f64) -> bool {
    (a.is_infinite() && b.is_infinite()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Small problems of all kinds: deep, shared, cyclic, several roots, infinite costs.
fn problems(nodes: u32, seeds: u64) -> Vec<Problem> {
    let plain = shapes(nodes);
    let infinite = plain.map(|s| Shape { infinite: 15, ..s });
    let all: Vec<Shape> = plain.into_iter().chain(infinite).collect();
    all.iter().flat_map(|&s| (0..seeds).map(move |seed| random(s, seed))).collect()
}

/// Every valid choice of a tiny problem: the least DAG cost and the least tree cost.
fn brute_force(problem: &Problem) -> (f64, f64) {
    let classes: Vec<u32> =
        (0..problem.num_classes() as u32).filter(|&c| !problem.nodes_of(c).is_empty()).collect();
    let mut digits = vec![0; classes.len()];
    let (mut dag, mut tree) = (f64::INFINITY, f64::INFINITY);
    loop {
        let mut choice = Choice::new(problem.num_classes());
        for (&c, &d) in classes.iter().zip(&digits) {
            choice.set(c, problem.nodes_of(c)[d]);
        }
        if validate(problem, &choice).is_ok() {
            dag = dag.min(choice.cost(problem));
            tree = tree.min(choice.tree_cost(problem));
        }
        let Some(i) = (0..digits.len()).find(|&i| digits[i] + 1 < problem.nodes_of(classes[i]).len()) else {
            return (dag, tree);
        };
        digits[..i].fill(0);
        digits[i] += 1;
    }
}

/// Checks one outcome against the contract that holds for every extractor.
#[track_caller]
fn check(e: &Extractor, problem: &Problem, outcome: &Outcome) {
    assert_eq!(validate(problem, &outcome.choice), Ok(()), "{}", e.name);
    assert!(same(outcome.cost, outcome.choice.cost(problem)), "{}", e.name);
    if let Proof::NotProved { lower_bound: Some(bound) } = outcome.optimal {
        assert!(bound <= outcome.cost * (1.0 + 1e-9), "{}: {bound} above {}", e.name, outcome.cost);
    }
}

#[test]
fn tiny_problems_agree_with_brute_force() {
    let mut proved = 0;
    let all = problems(12, 25);
    for (i, p) in all.iter().enumerate() {
        let (dag, tree) = brute_force(p);
        for e in EXTRACTORS {
            let outcome = (e.run)(p, None, &Budget::scaled(p)).unwrap();
            check(e, p, &outcome);
            assert!(outcome.cost >= dag || same(outcome.cost, dag), "{} beats brute force on {i}", e.name);
            if outcome.optimal == Proof::Proved {
                assert!(same(outcome.cost, dag), "{} claims {} and {dag} exists, {i}", e.name, outcome.cost);
            }
            match outcome.optimal {
                Proof::NotProved { lower_bound: Some(bound) } => assert!(bound <= dag * (1.0 + 1e-9)),
                _ => proved += usize::from(e.name == "exact"),
            }
            if e.claim == Claim::OptimalTree {
                assert!(same(outcome.choice.tree_cost(p), tree), "{} on {i}", e.name);
            }
            if e.name == "default" || e.name == "exact" {
                assert!(same(outcome.cost, dag), "{} gives {} for {dag} on {i}", e.name, outcome.cost);
            }
        }
    }
    assert!(proved * 10 >= all.len() * 9, "exact proves only {proved} of {}", all.len());
}

#[test]
fn claims_hold_against_all_others() {
    for (i, p) in problems(60, 6).iter().enumerate() {
        let outcomes: Vec<Outcome> =
            EXTRACTORS.iter().map(|e| (e.run)(p, None, &Budget::scaled(p)).unwrap()).collect();
        let dag = outcomes.iter().map(|o| o.cost).fold(f64::INFINITY, f64::min);
        let tree = outcomes.iter().map(|o| o.choice.tree_cost(p)).fold(f64::INFINITY, f64::min);
        let bound = outcomes
            .iter()
            .filter_map(|o| match o.optimal {
                Proof::NotProved { lower_bound } => lower_bound,
                Proof::Proved => Some(o.cost),
            })
            .fold(0.0, f64::max);
        assert!(bound <= dag || same(bound, dag), "a bound of {bound} and a cost of {dag} on {i}");
        for (e, outcome) in EXTRACTORS.iter().zip(&outcomes) {
            check(e, p, outcome);
            if outcome.optimal == Proof::Proved {
                assert_eq!(e.claim, Claim::OptimalDag, "{} proves and does not claim", e.name);
                assert!(
                    same(outcome.cost, dag),
                    "{} proves {} and {dag} exists on {i}",
                    e.name,
                    outcome.cost
                );
            }
            if e.claim == Claim::OptimalTree {
                assert!(same(outcome.choice.tree_cost(p), tree), "{} on {i}", e.name);
            }
        }
    }
}

/// A valid choice at random: classes in random order as soon as they can be computed.
fn random_choice(problem: &Problem, seed: u64) -> Choice {
    let mut r = Seed(seed);
    let mut choice = Choice::new(problem.num_classes());
    loop {
        let ready: Vec<u32> = (0..problem.num_nodes() as u32)
            .filter(|&n| choice.node(problem.class_of(n)).is_none())
            .filter(|&n| problem.children(n).iter().all(|&c| choice.node(c).is_some()))
            .collect();
        if ready.is_empty() {
            return choice;
        }
        let n = ready[r.below(ready.len() as u32) as usize];
        choice.set(problem.class_of(n), n);
    }
}

#[test]
fn never_worse_than_the_incumbent() {
    for (i, p) in problems(50, 4).iter().enumerate() {
        let best = run("exact", p);
        for old in [random_choice(p, i as u64), best.choice.clone()] {
            for e in EXTRACTORS {
                // Without any work allowed, too.
                for budget in [Budget::scaled(p), Budget { moves: 0, restarts: 0, seed: 7 }] {
                    let outcome = (e.run)(p, Some(&old), &budget).unwrap();
                    check(e, p, &outcome);
                    assert!(outcome.cost <= old.cost(p), "{} on {i}", e.name);
                }
            }
        }
    }
}

#[test]
fn the_same_bytes_twice() {
    for p in problems(80, 3) {
        for e in EXTRACTORS {
            let [a, b] = [0, 1].map(|_| (e.run)(&p, None, &Budget::scaled(&p)).unwrap());
            assert_eq!(format!("{a:?}"), format!("{b:?}"), "{}", e.name);
        }
    }
}

#[test]
fn the_default_is_near_the_optimum() {
    let (mut log, mut count) = (0.0, 0.0);
    for p in shapes(100).iter().flat_map(|&s| (0..5).map(move |seed| random(s, seed))) {
        let exact = run("exact", &p);
        assert_eq!(exact.optimal, Proof::Proved);
        log += (run("default", &p).cost / exact.cost).ln();
        count += 1.0;
    }
    let mean = f64::exp(log / count);
    assert!(mean < 1.004, "geometric mean {mean}");
}

/// A = {big, f(B)}, B = {leaf, g(A)}: an extractor that cuts cycles before it solves returns `big`.
#[test]
fn a_cycle_does_not_hide_the_optimum() {
    let nodes = [node(0, 100.0, &[]), node(0, 1.0, &[1]), node(1, 1.0, &[]), node(1, 1.0, &[0])];
    for order in [[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0]] {
        let nodes: Vec<Node> = order.iter().map(|&i: &usize| nodes[i].clone()).collect();
        for root in [0, 1] {
            let p = Problem::new(2, nodes.clone(), vec![root]).unwrap();
            for e in EXTRACTORS {
                let outcome = (e.run)(&p, None, &Budget::scaled(&p)).unwrap();
                assert_eq!(outcome.cost.to_bits(), [2.0_f64, 1.0][root as usize].to_bits(), "{}", e.name);
            }
        }
    }
}

#[test]
fn ties_go_to_fewer_nodes_and_then_to_the_canonical_order() {
    // f(g(x)) or h(x) at the same cost; then k(x) at the same cost and size, later in the order.
    let nodes = vec![
        node(2, 1.0, &[1]),
        node(1, 1.0, &[0]),
        node(0, 1.0, &[]),
        node(2, 2.0, &[0]),
        node(2, 2.0, &[0, 0]),
    ];
    let p = Problem::new(3, nodes, vec![2]).unwrap();
    for e in EXTRACTORS {
        let outcome = (e.run)(&p, None, &Budget::scaled(&p)).unwrap();
        assert_eq!(outcome.choice.node(2), Some(3), "{}", e.name);
        assert_eq!(outcome.choice.node_count(&p), 2);
    }
}

#[test]
fn an_infinite_node_is_used_only_where_nothing_else_exists() {
    let inf = f64::INFINITY;
    let nodes = vec![
        node(0, inf, &[]),
        node(1, inf, &[]),
        node(1, 1e9, &[2]),
        node(2, 1e9, &[]),
        node(3, 1.0, &[0, 1]),
    ];
    let p = Problem::new(4, nodes, vec![3]).unwrap();
    for e in EXTRACTORS {
        let outcome = (e.run)(&p, None, &Budget::scaled(&p)).unwrap();
        assert!(outcome.cost.is_infinite());
        assert_eq!(outcome.choice.node(1), Some(2), "{}", e.name);
    }
}

#[test]
fn what_cannot_be_extracted_is_an_error() {
    let p = Problem::new(2, vec![node(0, 1.0, &[1]), node(1, 1.0, &[0])], vec![0]).unwrap();
    for e in EXTRACTORS {
        assert_eq!(
            (e.run)(&p, None, &Budget::scaled(&p)),
            Err(ExtractError::NoTerm { class: 0 }),
            "{}",
            e.name
        );
    }
    let mut cyclic = Choice::new(2);
    cyclic.set(0, 0);
    assert_eq!(validate(&p, &cyclic), Err(ExtractError::NotChosen { class: 1 }));
    cyclic.set(1, 1);
    assert_eq!(validate(&p, &cyclic), Err(ExtractError::Cyclic { class: 0 }));
    cyclic.set(1, 0);
    assert_eq!(validate(&p, &cyclic), Err(ExtractError::ForeignNode { class: 1, node: 0 }));
    let bad = |nodes, roots| Problem::new(1, nodes, roots).unwrap_err();
    assert_eq!(bad(vec![node(0, -1.0, &[])], vec![0]), ExtractError::BadCost { node: 0 });
    assert_eq!(bad(vec![node(0, f64::NAN, &[])], vec![0]), ExtractError::BadCost { node: 0 });
    assert_eq!(
        bad(vec![node(0, 1.0, &[1])], vec![0]),
        ExtractError::ClassOutOfRange { class: 1, classes: 1 }
    );
    assert_eq!(bad(vec![], vec![3]), ExtractError::ClassOutOfRange { class: 3, classes: 1 });
    assert_eq!(bad(vec![], vec![3]).to_string(), "class 3 of 1 does not exist");
}

#[test]
fn nothing_to_extract_costs_nothing() {
    for p in
        [Problem::new(0, vec![], vec![]).unwrap(), Problem::new(1, vec![node(0, 5.0, &[])], vec![]).unwrap()]
    {
        for e in EXTRACTORS {
            let outcome = (e.run)(&p, None, &Budget::scaled(&p)).unwrap();
            assert_eq!(outcome.cost.to_bits(), 0.0_f64.to_bits(), "{}", e.name);
        }
    }
}

/// Each class doubles the one before, or does so more dearly: tree costs reach 2^200000.
#[test]
fn a_deep_chain_needs_no_stack() {
    let deep = || {
        let n = 200_000;
        let mut nodes = vec![node(0, 1.0, &[])];
        for c in 1..n {
            nodes.push(Node { class: c, cost: 2.0, children: smallvec![c - 1, c - 1] });
            nodes.push(Node { class: c, cost: 1.0, children: smallvec![c - 1, c.saturating_sub(2)] });
        }
        let p = Problem::new(n as usize, nodes, vec![n - 1]).unwrap();
        for e in EXTRACTORS {
            let outcome = (e.run)(&p, None, &Budget { moves: 1000, restarts: 1, seed: 1 }).unwrap();
            check(e, &p, &outcome);
            assert!(outcome.choice.tree_cost(&p).is_infinite());
            assert!(outcome.cost <= 2.0 * f64::from(n), "{}", e.name);
        }
        // Fibonacci's trees are smaller than the doubled ones, far beyond the range of f64.
        let tree = run("tree", &p).choice;
        assert_eq!((1..n).filter(|&c| tree.node(c) != Some(2 * c)).count(), 0);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(deep).unwrap().join().unwrap();
}

#[test]
fn a_file_is_read_solved_and_written() {
    let graph = EGraph::read(include_str!("data/logistic.json")).unwrap();
    let (p, classes) = graph.problem().unwrap();
    assert_eq!((p.num_nodes(), classes.len(), p.roots()), (13, 9, &[5, 7][..]));
    for name in ["default", "exact"] {
        let outcome = run(name, &p);
        assert_eq!(outcome.cost.to_bits(), 11.0_f64.to_bits());
        assert!(name != "exact" || outcome.optimal == Proof::Proved);
        let gradient = outcome.choice.node(7).unwrap();
        assert_eq!(graph.nodes[gradient as usize].1.op, "mul");
    }
    let text = graph.write().unwrap();
    assert_eq!(EGraph::read(&text).unwrap(), graph);
    assert_eq!(EGraph::read(&text).unwrap().write().unwrap(), text);
}

#[test]
fn problems_survive_the_file() {
    for p in problems(40, 2) {
        let graph = EGraph::from_problem(&p, |n| format!("op{n}"));
        let again = EGraph::read(&graph.write().unwrap()).unwrap();
        assert_eq!(again, graph);
        let (q, classes) = again.problem().unwrap();
        assert_eq!((q.num_nodes(), q.num_classes()), (p.num_nodes(), classes.len()));
        assert!(same(run("exact", &p).cost, run("exact", &q).cost));
    }
}

#[test]
fn a_bad_file_is_a_typed_error() {
    let read = |text: &str| EGraph::read(text).and_then(|g| g.problem().map(|_| ()));
    assert!(matches!(read("{"), Err(SerialError::Json(_))));
    let one = r#""a": {"op": "f", "children": [CHILD], "eclass": "0", "cost": COST}"#;
    let file = |child: &str, cost: &str, root: &str| {
        let node = one.replace("CHILD", child).replace("COST", cost);
        read(&format!(r#"{{"nodes": {{{node}}}, "root_eclasses": ["{root}"]}}"#))
    };
    assert!(file("", "1", "0").is_ok());
    assert!(matches!(file("\"b\"", "1", "0"), Err(SerialError::UnknownChild { .. })));
    assert!(matches!(file("", "-1", "0"), Err(SerialError::Problem(ExtractError::BadCost { node: 0 }))));
    assert!(matches!(file("", "1", "7"), Err(SerialError::UnknownRoot { .. })));
    let node = one.replace("CHILD", "").replace("COST", "1");
    assert!(matches!(
        read(&format!(r#"{{"nodes": {{{node}, {node}}}}}"#)),
        Err(SerialError::Repeated { .. })
    ));
}
