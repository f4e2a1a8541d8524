//! What the optimizer did, for people and programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Edge, Options, Trail};
use crate::egraph::Stop;

/// How many saturations stopped for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WindowStop {
    /// The reason.
    pub reason: &'static str,
    /// How many.
    pub count: usize,
}

/// What the optimizer did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The profile that was asked for.
    pub profile: &'static str,
    /// The extractor.
    pub extractor: &'static str,
    /// Why saturations stopped.
    pub stops: Vec<WindowStop>,
    /// The largest e-graph, in e-nodes.
    pub enodes: usize,
    /// Passes over the rules, of all windows.
    pub iterations: usize,
    /// Windows that were optimized.
    pub windows: usize,
    /// Windows whose result was already known.
    pub cached: usize,
    /// Passes over all windows.
    pub passes: usize,
    /// Estimated work before, in additions.
    pub cost_before: f64,
    /// Estimated work after.
    pub cost_after: f64,
    /// Windows whose result takes more work than what was there, which loses digits.
    pub for_digits: usize,
    /// Forms that were refused for the digits that they lose at sampled points.
    pub refused: usize,
    /// Contradictions that were found, each with the profile that was then used.
    pub contradictions: Vec<String>,
    /// How often each rule united two classes.
    pub rules: BTreeMap<String, usize>,
    /// Every step, if it was asked for.
    #[serde(skip)]
    pub(super) trail: Option<Trail>,
}

impl Report {
    /// Writes a step down, if that was asked for.
    pub(super) fn record(&mut self, edge: impl FnOnce() -> Edge) {
        if let Some(trail) = &mut self.trail {
            trail.edges.push(edge());
        }
    }

    pub(super) fn new(options: &Options, cost: f64) -> Report {
        Report {
            profile: options.profile.name(),
            extractor: options.extractor().name,
            cost_before: cost,
            cost_after: cost,
            ..Report::default()
        }
    }

    /// Of nothing done yet, with the same questions.
    pub(super) fn blank(&self) -> Report {
        let trail = self.trail.as_ref().map(|_| Trail::default());
        Report { profile: self.profile, extractor: self.extractor, trail, ..Report::default() }
    }

    /// Adds what was done to a window, after everything so far.
    pub(super) fn add(&mut self, window: Report) {
        window.stops.iter().for_each(|s| self.count(s.reason, s.count));
        self.enodes = self.enodes.max(window.enodes);
        self.iterations += window.iterations;
        self.for_digits += window.for_digits;
        self.refused += window.refused;
        self.contradictions.extend(window.contradictions);
        for (rule, n) in window.rules {
            *self.rules.entry(rule).or_default() += n;
        }
        if let (Some(trail), Some(more)) = (&mut self.trail, window.trail) {
            trail.edges.extend(more.edges);
        }
    }

    pub(super) fn stopped(&mut self, stop: Stop) {
        self.count(stop.name(), 1);
    }

    fn count(&mut self, reason: &'static str, count: usize) {
        match self.stops.iter_mut().find(|s| s.reason == reason) {
            Some(s) => s.count += count,
            None => {
                self.stops.push(WindowStop { reason, count });
                self.stops.sort_by_key(|s| s.reason);
            }
        }
    }

    /// The estimated work before and after, in words.
    pub fn cost(&self) -> String {
        // An empty sum is -0.0.
        let n = |x: f64| {
            if x == 0.0 {
                "0.0".to_string()
            } else if x >= 100.0 {
                format!("{x:.0}")
            } else {
                format!("{x:.1}")
            }
        };
        let (before, after) = (n(self.cost_before), n(self.cost_after));
        // Nothing dearer than the input is ever chosen, but where the input loses digits.
        let why = if self.for_digits > 0 && self.cost_after > self.cost_before {
            "; as written it loses digits"
        } else {
            ""
        };
        format!("cost {before} -> {after} (estimated work, in additions{why})")
    }

    /// Why it stopped, in words: the reasons of all saturations.
    pub fn stop(&self) -> String {
        if self.stops.is_empty() {
            return "nothing to do".into();
        }
        self.stops.iter().map(|s| s.reason).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cost {} -> {} ({})", number(self.cost_before), number(self.cost_after), self.profile)?;
        write!(
            f,
            "{}; {} e-nodes, {} iterations, {} windows",
            self.stop(),
            self.enodes,
            self.iterations,
            self.windows
        )?;
        if self.cached > 0 {
            write!(f, " ({} known)", self.cached)?;
        }
        for c in &self.contradictions {
            write!(f, "\ncontradiction: {c}")?;
        }
        for (rule, n) in &self.rules {
            write!(f, "\n  {n:>5}  {rule}")?;
        }
        Ok(())
    }
}

fn number(x: f64) -> String {
    if x >= 100.0 { format!("{x:.0}") } else { format!("{x:.3}") }
}
