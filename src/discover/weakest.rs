//! An equation as a rule that assumes as little as sampling lets it.

use super::enumerate::NAMES;
use super::equation::Equation;
use super::show::Draft;
use super::{Need, Proposal};
use crate::rules::check::{Refutation, check};
use crate::rules::{Assumes, Profile, Rule, RuleSet};

/// Sets of samples before an assumption is left out: a single one may miss the point for which it is there.
const DRAWS: usize = 3;
/// The conditions on a variable that is above zero where the sides agree, from none to that.
const CONDITIONS: [&str; 4] = ["", "nonzero", "nonneg", "positive"];

/// The rule, with its evidence; nothing if it is refuted under all that the profile grants.
pub(super) fn proposal(e: &Equation, profile: Profile) -> Option<Proposal> {
    let all = profile.grants();
    let mut needs = Vec::new();
    let draft = form(e, all, &mut needs)?;
    let rules = draft.rules()?;
    let mut assumes = all;
    // The strongest first: what holds to the last bit needs few of the others.
    for (word, one) in Assumes::WORDS.iter().filter(|(_, a)| all.has(*a)) {
        let fewer = Assumes::WORDS.iter().map(|(_, a)| *a).filter(|a| a != one && assumes.has(*a));
        let fewer = fewer.fold(Assumes::NONE, Assumes::with);
        match tried(&rules, fewer, DRAWS) {
            Ok(_) => assumes = fewer,
            Err(without) => needs.push(Need { word: (*word).into(), without }),
        }
    }
    let points = tried(&rules, assumes, 1).ok()?;
    let draft = Draft { assumes, ..draft };
    Some(Proposal { rules: draft.rules()?, text: draft.text(points), points, needs })
}

/// The most general of an equation and those that have variables where it has numbers: what sampling does not refute.
/// It says of itself whether it needs conditions. Nothing if it is refuted itself.
pub(super) fn generalized(e: &Equation, profile: Profile) -> Option<Equation> {
    let needs_conditions = |e: &Equation| Some(!form(e, profile.grants(), &mut Vec::new())?.when.is_empty());
    let mut best = e.clone();
    best.above_zero = needs_conditions(e)?;
    while let Some((next, above_zero)) =
        best.more_general().into_iter().find_map(|g| needs_conditions(&g).map(|needs| (g, needs)))
    {
        best = next;
        best.above_zero = above_zero;
    }
    Some(best)
}

/// An equation as rules that assume all that the profile grants.
pub(super) fn rules(e: &Equation, profile: Profile) -> Vec<Rule> {
    form(e, profile.grants(), &mut Vec::new()).and_then(|d| d.rules()).unwrap_or_default()
}

/// The direction and the conditions under which an equation is not refuted: both directions where they cost the same,
/// the cheaper side on the right else; conditions only if there must be some.
fn form(e: &Equation, all: Assumes, needs: &mut Vec<Need>) -> Option<Draft> {
    let draft = |left: &str, arrow: &'static str, right: &str| Draft {
        left: left.into(),
        arrow,
        right: right.into(),
        when: Vec::new(),
        assumes: all,
    };
    let onward = draft(&e.left, "=>", &e.right);
    let mut free = vec![onward.clone()];
    if e.even {
        free.insert(0, draft(&e.left, "<=>", &e.right));
        free.push(draft(&e.right, "=>", &e.left));
    }
    if !e.above_zero
        && let Some(found) = free.into_iter().find(|d| d.refuted(all, 2).is_none())
    {
        return Some(found);
    }
    let when = |conditions: &[usize]| -> Vec<String> {
        let some = conditions.iter().zip(NAMES).filter(|(c, _)| **c > 0);
        some.map(|(c, name)| format!("({} ?{name})", CONDITIONS[*c])).collect()
    };
    let mut conditions = vec![CONDITIONS.len() - 1; e.variables];
    let with = |conditions: &[usize]| Draft { when: when(conditions), ..onward.clone() };
    if with(&conditions).refuted(all, 2).is_some() {
        return None;
    }
    for v in 0..e.variables {
        let strongest = conditions[v];
        for c in 0..strongest {
            conditions[v] = c;
            let Some(refuted) = with(&conditions).refuted(all, DRAWS) else { break };
            conditions[v] = strongest;
            // What the next weaker one lets through.
            needs.retain(|n: &Need| !n.word.ends_with(&format!(" ?{})", NAMES[v])));
            let word = format!("({} ?{})", CONDITIONS[c + 1], NAMES[v]);
            needs.push(Need { word, without: refuted });
        }
    }
    Some(with(&conditions))
}

impl Draft {
    /// Why it is no rule; `None` if sampling finds nothing. What cannot be read is no rule either.
    fn refuted(&self, assumes: Assumes, draws: usize) -> Option<Refutation> {
        match self.rules() {
            Some(rules) => tried(&rules, assumes, draws).err(),
            None => Some(unreadable(self)),
        }
    }

    fn rules(&self) -> Option<Vec<Rule>> {
        RuleSet::parse("discovered", &self.text(0)).ok().map(|set| set.rules().to_vec())
    }
}

fn unreadable(d: &Draft) -> Refutation {
    Refutation {
        rule: "found".into(),
        failure: crate::rules::check::Failure::Unchecked,
        typing: Vec::new(),
        values: Vec::new(),
        left: format!("`{} {} {}` is not read as a rule", d.left, d.arrow, d.right),
        right: String::new(),
    }
}

/// The points at which no rule of these is refuted, of one set of samples.
fn tried(rules: &[Rule], assumes: Assumes, draws: usize) -> Result<usize, Refutation> {
    let mut points = usize::MAX;
    for draw in 0..draws {
        for r in rules {
            // Samples are drawn by name.
            let name = if draw == 0 { r.name.clone() } else { format!("{} {draw}", r.name).into() };
            points = points.min(check(&Rule { name, assumes, ..r.clone() })?.points);
        }
    }
    Ok(points)
}
