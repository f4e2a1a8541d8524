//! Functions in files: the expressions and how they were compiled, as text.
//!
//! Compiling is a function of these, so a function that is loaded gives the bits of the one that was
//! saved, on a machine of the same kind.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::builder::Builder;
use super::check::Downcast;
use super::compile::{Function, Loops, OnUnused};
use super::error::CompileError;
use crate::expr::{Expr, same_structure};
use crate::native::Width;
use crate::optimize::{Options, standard_rules};
use crate::rules::{Profile, RuleSet, STANDARD_FILES};
use crate::sexp::{ReadError, Source};
use crate::text::{Dialect, parse_declarations, parse_sexp, sexp_program};

/// The version of the format that is written.
const VERSION: u32 = 1;

/// A function in a form that any serde format holds. [`Function::to_text`] writes JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The version of this form.
    version: u32,
    /// `x: f64[n]`, in order.
    inputs: Vec<String>,
    /// The outputs as they were given, as one S-expression.
    outputs: String,
    /// How many they are.
    count: usize,
    /// What they are called.
    names: Vec<String>,
    /// How they are optimized; `None` for as they are written.
    optimizer: Option<Optimizer>,
    loops: String,
    unused: String,
    downcast: Downcasting,
    elements: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Optimizer {
    profile: String,
    extractor: String,
    effort: u32,
    window: usize,
    passes: usize,
    nodes: usize,
    iterations: usize,
    matches: usize,
    default_length: usize,
    lengths: BTreeMap<String, usize>,
    /// The rules, where they are not the standard ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<Rules>,
}

/// [`Downcast`] as a word; files of before singles were told apart have a truth value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Downcasting {
    Allowed(bool),
    Word(String),
}

impl Downcasting {
    fn of(d: Downcast) -> Downcasting {
        match d {
            Downcast::Error => Downcasting::Allowed(false),
            Downcast::Allow => Downcasting::Allowed(true),
            Downcast::Singles => Downcasting::Word("singles".into()),
        }
    }

    fn read(&self) -> Result<Downcast, LoadError> {
        match self {
            Downcasting::Allowed(false) => Ok(Downcast::Error),
            Downcasting::Allowed(true) => Ok(Downcast::Allow),
            Downcasting::Word(w) => meaning(&[("singles", Downcast::Singles)], "downcast", w),
        }
    }
}

/// A set of rules: those of some files but for some names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rules {
    /// Name and text; a standard file has no text here.
    files: Vec<(String, Option<String>)>,
    without: Vec<String>,
}

/// Why a function is not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveError {
    /// It was optimized with rules that no files say, or not made by a builder.
    Rules,
    /// An input whose name or lengths the language does not write.
    Input {
        /// Its name.
        name: String,
    },
    /// An output that does not read back as it is.
    Output {
        /// Its position.
        index: usize,
    },
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::Rules => f.write_str("a function whose rules no files say is not saved"),
            SaveError::Input { name } => write!(f, "input `{name}` has a name or lengths that no text says"),
            SaveError::Output { index } => write!(f, "output {index} does not read back as it is"),
        }
    }
}
impl std::error::Error for SaveError {}

/// Why a text is no saved function.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// It is no JSON, or not of this form.
    Form(String),
    /// A version that is not known here.
    Version(u32),
    /// A part of it cannot be read.
    Read(ReadError),
    /// A word of it is not known here.
    Word {
        /// Where it stands.
        field: &'static str,
        /// The word.
        word: String,
    },
    /// It holds so many outputs or names, and says another number.
    Count {
        /// The number that it says.
        expected: usize,
        /// The number that there are.
        got: usize,
    },
    /// Its rules cannot be read.
    Rules(String),
    /// It does not compile.
    Compile(Box<CompileError>),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Form(e) => write!(f, "not a saved function: {e}"),
            LoadError::Version(v) => {
                write!(f, "a saved function of version {v}; this program reads version {VERSION}")
            }
            LoadError::Read(e) => write!(f, "a saved function that cannot be read: {e}"),
            LoadError::Word { field, word } => write!(f, "a saved function with unknown {field} `{word}`"),
            LoadError::Count { expected, got } => {
                write!(f, "a saved function of {expected} outputs that holds {got}")
            }
            LoadError::Rules(e) => write!(f, "a saved function whose rules cannot be read: {e}"),
            LoadError::Compile(e) => write!(f, "a saved function that does not compile: {e}"),
        }
    }
}
impl std::error::Error for LoadError {}

impl From<ReadError> for LoadError {
    fn from(e: ReadError) -> LoadError {
        LoadError::Read(e)
    }
}

const UNUSED: [(&str, OnUnused); 3] =
    [("raise", OnUnused::Error), ("warn", OnUnused::Warn), ("ignore", OnUnused::Ignore)];

const LOOPS: [(&str, Loops); 4] = [
    ("best", Loops::Best),
    ("blocks", Loops::Blocks),
    ("avx2", Loops::Native(Width::Avx2)),
    ("avx512", Loops::Native(Width::Avx512)),
];

fn word<T: PartialEq>(list: &[(&'static str, T)], value: &T) -> String {
    list.iter().find(|(_, v)| v == value).map_or("", |(w, _)| w).to_string()
}

fn meaning<T: Copy>(list: &[(&'static str, T)], field: &'static str, word: &str) -> Result<T, LoadError> {
    let unknown = || LoadError::Word { field, word: word.to_string() };
    list.iter().find(|(w, _)| *w == word).map(|(_, v)| *v).ok_or_else(unknown)
}

impl Saved {
    /// What compiling these expressions so would be saved as; also the key of [`Cache`](super::Cache).
    pub(super) fn of(inputs: &[Expr], outputs: &[Expr], builder: &Builder) -> Result<Saved, SaveError> {
        let (optimizer, run) = builder.parts();
        let optimizer = optimizer.map(Optimizer::of).transpose()?;
        let mut declared = Vec::with_capacity(inputs.len());
        for x in inputs {
            let name = x.name().unwrap_or("");
            let line = format!("{name}: {}", x.ty());
            let back = parse_declarations(&Source::text_only(&line)).ok();
            if !back.is_some_and(|b| matches!(&b[..], [one] if one.name() == x.name() && one.ty() == x.ty()))
            {
                return Err(SaveError::Input { name: name.to_string() });
            }
            declared.push(line);
        }
        Ok(Saved {
            version: VERSION,
            inputs: declared,
            outputs: sexp_program(outputs, Dialect::Exact),
            count: outputs.len(),
            names: super::outputs::names(outputs),
            optimizer,
            loops: word(&LOOPS, &run.loops),
            unused: word(&UNUSED, &run.unused),
            downcast: Downcasting::of(run.downcast),
            elements: run.limits.elements,
        })
    }

    fn expressions(&self) -> Result<(Vec<Expr>, Vec<Expr>), LoadError> {
        let inputs = parse_declarations(&Source::text_only(&self.inputs.join("\n")))?;
        let outputs = if self.count == 0 {
            Vec::new()
        } else {
            parse_sexp(&Source::text_only(&self.outputs), &inputs)?.results
        };
        for got in [outputs.len(), self.names.len()] {
            if got != self.count {
                return Err(LoadError::Count { expected: self.count, got });
            }
        }
        Ok((inputs, outputs))
    }

    /// Compiles what was saved.
    ///
    /// # Errors
    /// Another version, a part that cannot be read, expressions that do not compile.
    pub fn compile(&self) -> Result<Function, LoadError> {
        if self.version != VERSION {
            return Err(LoadError::Version(self.version));
        }
        let (inputs, outputs) = self.expressions()?;
        let mut builder = match &self.optimizer {
            Some(o) => Builder::default().options(o.options()?),
            None => Builder::default().raw(),
        };
        builder = builder
            .loops(meaning(&LOOPS, "loops", &self.loops)?)
            .unused(meaning(&UNUSED, "handling of unused inputs", &self.unused)?)
            .downcast(self.downcast.read()?)
            .limits(crate::eval::Limits { elements: self.elements, ..Default::default() });
        let mut f = builder.build(&inputs, &outputs).map_err(|e| LoadError::Compile(Box::new(e)))?;
        f.names.clone_from(&self.names);
        Ok(f)
    }
}

impl Optimizer {
    fn of(o: &Options) -> Result<Optimizer, SaveError> {
        let standard = Arc::ptr_eq(&o.rules, &standard_rules()) || o.rules == standard_rules();
        Ok(Optimizer {
            rules: if standard { None } else { Some(Rules::of(&o.rules)?) },
            profile: o.profile.name().to_string(),
            extractor: o.extractor.to_string(),
            effort: o.effort,
            window: o.window,
            passes: o.passes,
            nodes: o.limits.nodes,
            iterations: o.limits.iterations,
            matches: o.limits.matches,
            default_length: o.model.default_length,
            lengths: o.model.lengths.clone(),
        })
    }

    fn options(&self) -> Result<Options, LoadError> {
        let unknown = |field, word: &str| LoadError::Word { field, word: word.to_string() };
        let mut o = Options {
            profile: Profile::by_name(&self.profile).ok_or_else(|| unknown("profile", &self.profile))?,
            extractor: crate::optimize::extractor_name(&self.extractor)
                .ok_or_else(|| unknown("extractor", &self.extractor))?,
            effort: self.effort,
            window: self.window,
            passes: self.passes,
            ..Options::default()
        };
        if let Some(rules) = &self.rules {
            o.rules = Arc::new(rules.read()?);
        }
        o.limits.nodes = self.nodes;
        o.limits.iterations = self.iterations;
        o.limits.matches = self.matches;
        o.model.default_length = self.default_length;
        o.model.lengths.clone_from(&self.lengths);
        Ok(o)
    }
}

impl Rules {
    fn of(set: &RuleSet) -> Result<Rules, SaveError> {
        let file = |(name, text): &(Arc<str>, Arc<str>)| {
            let standard = standard_text(name) == Some(&**text);
            (name.to_string(), (!standard).then(|| text.to_string()))
        };
        let files = set.files().iter().map(file).collect();
        let mut rules = Rules { files, without: Vec::new() };
        let all = rules.read().map_err(|_| SaveError::Rules)?;
        let left = all.rules().iter().filter(|r| set.get(&r.name).is_none());
        rules.without = left.map(|r| r.name.to_string()).collect();
        let again = rules.read().map_err(|_| SaveError::Rules)?;
        if again == *set { Ok(rules) } else { Err(SaveError::Rules) }
    }

    fn read(&self) -> Result<RuleSet, LoadError> {
        let unknown = |name: &str| LoadError::Word { field: "rule file", word: name.to_string() };
        let text = |(name, text): &'_ (String, Option<String>)| {
            let text = text.clone().or_else(|| standard_text(name).map(str::to_string));
            Ok((name.clone(), text.ok_or_else(|| unknown(name))?))
        };
        let files = self.files.iter().map(text).collect::<Result<Vec<_>, LoadError>>()?;
        let views: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        let all = RuleSet::parse_files(&views).map_err(|e| LoadError::Rules(e.to_string()))?;
        all.without(&self.without).map_err(|e| LoadError::Rules(e.to_string()))
    }
}

fn standard_text(name: &str) -> Option<&'static str> {
    STANDARD_FILES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

impl Function {
    /// The function in a form that serde writes.
    ///
    /// # Errors
    /// No text says its rules, its inputs or its outputs.
    pub fn to_saved(&self) -> Result<Saved, SaveError> {
        let Some((builder, outputs)) = &self.source else { return Err(SaveError::Rules) };
        let mut saved = Saved::of(self.inputs(), outputs, builder)?;
        saved.names.clone_from(&self.names);
        let back = saved.expressions().map(|(_, outputs)| outputs).unwrap_or_default();
        if let Some(index) =
            (0..outputs.len()).find(|&i| !back.get(i).is_some_and(|b| same_structure(b, &outputs[i])))
        {
            return Err(SaveError::Output { index });
        }
        Ok(saved)
    }

    /// The function as text (JSON), for a file.
    ///
    /// ```
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// let x = dvector("x");
    /// let f = Function::new(&[x.clone()], &[grad(&x.tanh().sum(), &x)?])?;
    /// let again = Function::from_text(&f.to_text()?)?;
    /// assert_eq!(f.call_with(&[&[0.5, 2.0]])?, again.call_with(&[&[0.5, 2.0]])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::to_saved`].
    pub fn to_text(&self) -> Result<String, SaveError> {
        // Strings and numbers always have a form.
        Ok(serde_json::to_string_pretty(&self.to_saved()?).unwrap_or_default())
    }

    /// Reads what [`Function::to_text`] wrote, and compiles it.
    ///
    /// # Errors
    /// The text is damaged, of another version, or does not compile.
    pub fn from_text(text: &str) -> Result<Function, LoadError> {
        let saved: Saved = serde_json::from_str(text).map_err(|e| LoadError::Form(e.to_string()))?;
        saved.compile()
    }
}
