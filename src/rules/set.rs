//! Sets of rules: the standard one, and those of users.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::ast::Rule;
use super::parse::parse_into;
use super::words::Vocabulary;
use crate::op::nearest;
use crate::sexp::{ReadError, Source};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("rules/", $name), include_str!(concat!("../../rules/", $name)))),*]
    };
}

/// The files of the standard set: name and text, in the order in which they are read.
pub const STANDARD_FILES: &[(&str, &str)] = files![
    "laws.rules",
    "fill.rules",
    "arith.rules",
    "fraction.rules",
    "power.rules",
    "exp_log.rules",
    "sigmoid.rules",
    "softmax.rules",
    "trig.rules",
    "erf.rules",
    "abs_sign.rules",
    "compare.rules",
    "reduce.rules",
    "dot.rules",
    "scaled.rules",
    "shape.rules",
    "linear.rules",
    "logic.rules",
    "scan.rules",
    "special.rules",
    "diagonal.rules",
    "differences.rules",
    "gather.rules",
];

/// Rules with distinct names, in the order of their files.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Name and text of the files, each once.
    files: Vec<(Arc<str>, Arc<str>)>,
}

/// A set is its rules, whatever else their files hold.
impl PartialEq for RuleSet {
    fn eq(&self, other: &RuleSet) -> bool {
        self.rules == other.rules
    }
}

/// Everything that is wrong with rule files; never empty.
#[derive(Debug, Clone)]
pub struct RuleErrors(Vec<ReadError>);

impl RuleErrors {
    /// The errors, in the order of the text.
    pub fn errors(&self) -> &[ReadError] {
        &self.0
    }

    /// Every error with the line that it is about.
    pub fn report(&self) -> String {
        self.0.iter().map(ReadError::report).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for RuleErrors {}

/// A name that stands for no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetError {
    /// Neither a rule nor a tag is called so.
    Unknown {
        /// The name.
        name: String,
        /// A name that may have been meant.
        suggestion: Option<String>,
    },
    /// Both sets have a rule of this name.
    Duplicate {
        /// The name.
        name: String,
        /// The file of the first.
        first: String,
        /// The file of the second.
        second: String,
    },
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetError::Unknown { name, suggestion } => {
                write!(f, "no rule and no tag is called `{name}`")?;
                match suggestion {
                    Some(s) => write!(f, "; did you mean `{s}`?"),
                    None => Ok(()),
                }
            }
            SetError::Duplicate { name, first, second } => {
                write!(f, "rule `{name}` stands in {first} and in {second}")
            }
        }
    }
}

impl std::error::Error for SetError {}

impl RuleSet {
    /// The rules that come with the crate, read once per process.
    pub fn standard() -> &'static RuleSet {
        RuleSet::shared()
    }

    /// [`RuleSet::standard`], shared.
    pub(crate) fn shared() -> &'static Arc<RuleSet> {
        static STANDARD: OnceLock<Arc<RuleSet>> = OnceLock::new();
        // A file that does not load is a failing test, not a panic of the caller.
        STANDARD.get_or_init(|| {
            let files = sources(STANDARD_FILES);
            Arc::new(RuleSet { rules: read_all(&files).0, files: held(files) })
        })
    }

    /// What is wrong with the files of the standard set: nothing, and a test holds that.
    ///
    /// # Errors
    /// One of them does not load.
    pub fn check_standard() -> Result<(), RuleErrors> {
        let errors = read_all(&sources(STANDARD_FILES)).1;
        if errors.is_empty() { Ok(()) } else { Err(RuleErrors(errors)) }
    }

    /// These rules, whose names are distinct.
    pub(crate) fn of(rules: Vec<Rule>) -> RuleSet {
        RuleSet { rules, files: Vec::new() }
    }

    /// The rules in a text; `file` is the name that messages give it.
    ///
    /// # Errors
    /// All errors of the text.
    pub fn parse(file: &str, text: &str) -> Result<RuleSet, RuleErrors> {
        RuleSet::parse_files(&[(file, text)])
    }

    /// The rules in several texts, each with the name that messages give it.
    ///
    /// # Errors
    /// All errors of all texts; a name that stands in two of them.
    pub fn parse_files(files: &[(&str, &str)]) -> Result<RuleSet, RuleErrors> {
        let files = sources(files);
        let (rules, errors) = read_all(&files);
        if errors.is_empty() { Ok(RuleSet { rules, files: held(files) }) } else { Err(RuleErrors(errors)) }
    }

    /// The files that the rules come from: name and text. They may hold more rules than the set.
    pub fn files(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.files
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Has it no rule?
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The positions of the rules in the order of their names.
    pub(crate) fn by_name(&self) -> Vec<usize> {
        // Most differ in what they begin with, and numbers are compared at once.
        let start = |name: &str| {
            let mut bytes = [0; 8];
            let n = name.len().min(8);
            bytes[..n].copy_from_slice(&name.as_bytes()[..n]);
            u64::from_be_bytes(bytes)
        };
        let mut all: Vec<(u64, &str, usize)> =
            self.rules.iter().enumerate().map(|(i, r)| (start(&r.name), &*r.name, i)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, _, i)| i).collect()
    }

    /// The rule called `name`.
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| &*r.name == name)
    }

    /// The set without what `names` stand for: rules, all instances or both directions of a rule,
    /// or tags.
    ///
    /// # Errors
    /// A name stands for nothing.
    pub fn without<S: AsRef<str>>(&self, names: &[S]) -> Result<RuleSet, SetError> {
        for name in names {
            let name = name.as_ref();
            if !self.rules.iter().any(|r| stands_for(name, r)) {
                let all = self
                    .rules
                    .iter()
                    .flat_map(|r| std::iter::once(base(&r.name)).chain(r.tags.iter().map(|t| &**t)));
                let suggestion = nearest(name, all).map(Into::into);
                return Err(SetError::Unknown { name: name.into(), suggestion });
            }
        }
        let kept = |r: &&Rule| !names.iter().any(|n| stands_for(n.as_ref(), r));
        Ok(RuleSet { rules: self.rules.iter().filter(kept).cloned().collect(), files: self.files.clone() })
    }

    /// Both sets as one.
    ///
    /// # Errors
    /// A name is in both.
    pub fn merge(&self, other: &RuleSet) -> Result<RuleSet, SetError> {
        for r in &other.rules {
            if let Some(mine) = self.get(&r.name) {
                return Err(SetError::Duplicate {
                    name: r.name.to_string(),
                    first: mine.file.to_string(),
                    second: r.file.to_string(),
                });
            }
        }
        let rules = self.rules.iter().chain(&other.rules).cloned().collect();
        let mut files = self.files.clone();
        files.extend(other.files.iter().filter(|f| !self.files.contains(f)).cloned());
        Ok(RuleSet { rules, files })
    }
}

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(name, text)| Source::new(name, text)).collect()
}

fn held(files: Vec<Source>) -> Vec<(Arc<str>, Arc<str>)> {
    files.into_iter().map(Source::into_parts).collect()
}

/// The name that a file gives to the rule of an instance or of a direction.
fn base(name: &str) -> &str {
    let name = name.split('[').next().unwrap_or(name);
    name.strip_suffix("-rev").unwrap_or(name)
}

fn stands_for(name: &str, rule: &Rule) -> bool {
    *rule.name == *name || base(&rule.name) == name || rule.has_tag(name)
}

fn read_all(files: &[Source]) -> (Vec<Rule>, Vec<ReadError>) {
    // A rule or an instance of one in some 48 bytes or more: rules that were read are not moved.
    let room = files.iter().map(|f| f.text().len() / 48).sum::<usize>().min(1 << 12);
    let (mut rules, mut errors) = (Vec::with_capacity(room), Vec::new());
    let mut words = Vocabulary::default();
    for file in files {
        parse_into(file, &mut words, &mut rules, &mut errors);
    }
    (rules, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> RuleSet {
        RuleSet::parse("t.rules", text).unwrap()
    }

    #[test]
    fn names_and_tags_take_rules_out() {
        let s = set("(rule a \"A.\" (neg (neg ?x)) => ?x :tags (t))
                     (rule b \"B.\" (+ ?x ?y) <=> (- ?x (neg ?y)) :tags (expand))");
        let names = |s: &RuleSet| s.rules().iter().map(|r| r.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&s), ["a", "b", "b-rev"]);
        assert_eq!(names(&s.without(&["t"]).unwrap()), ["b", "b-rev"]);
        assert_eq!(names(&s.without(&["b"]).unwrap()), ["a"]);
        assert_eq!(
            s.without(&["expnd"]).unwrap_err().to_string(),
            "no rule and no tag is called `expnd`; did you mean `expand`?"
        );
        assert_eq!(s.merge(&s).unwrap_err().to_string(), "rule `a` stands in t.rules and in t.rules");
    }

    #[test]
    fn loads_fast() {
        let start = std::time::Instant::now();
        let (rules, _) = read_all(&sources(STANDARD_FILES));
        let took = start.elapsed();
        eprintln!("{} rules in {took:?}", rules.len());
        assert!(took.as_millis() < 200, "{took:?}");
    }
}
