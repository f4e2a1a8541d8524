//! What scripts and commands share: a scope, options, and the steps from text to values.

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD};

use super::error::ScriptError;
use crate::data::{Data, read_input, show, to_json};
use crate::expr::{Expr, tells, used};
use crate::function::{Array, ArrayRef, Function};
use crate::graph::{ImportError, export, import};
use crate::num::same;
use crate::op::Spelling;
use crate::optimize::{Options, Report, optimize};
use crate::pp::{TREE_LIMIT, let_form, pp, tree_length};
use crate::sexp::Source;
use crate::text::{Program, Scope};
use crate::ty::DType;
use crate::verify;

/// Relative difference of values before and after optimization beyond which they are not equal.
const TOLERANCE: f64 = 1e-8;
/// The same where singles are computed.
const TOLERANCE_SINGLE: f64 = 1e-4;

/// A scope and options.
#[derive(Debug)]
pub struct Session {
    /// The names in use.
    pub scope: Scope,
    /// How expressions are optimized.
    pub options: Options,
    /// Where relative file names start.
    pub dir: PathBuf,
}

/// Values of expressions, and where optimization changed them.
#[derive(Debug)]
pub struct Evaluated {
    /// One value per expression, from the optimized function.
    pub values: Vec<Array>,
    /// Remarks: where the expression as written has NaN or an infinity and the optimized one not.
    pub notes: Vec<String>,
}

impl Session {
    /// An empty scope.
    pub fn new(options: Options, dir: &Path) -> Session {
        Session { scope: Scope::default(), options, dir: dir.to_path_buf() }
    }

    /// Reads infix text into the scope.
    ///
    /// # Errors
    /// The text is not in the language or is ill-typed.
    pub fn read(&mut self, source: &Source) -> Result<Program, ScriptError> {
        Ok(self.scope.read_infix(source)?)
    }

    /// The inputs that expressions use, in the order of their declaration.
    pub fn inputs_of(&self, roots: &[Expr]) -> Vec<Expr> {
        let (used, mut lengths) = used(roots);
        // An input that only tells a length is one too, where no other tells it.
        lengths.retain(|s| !used.iter().any(|u| tells(u, std::slice::from_ref(s))));
        let mut out: Vec<Expr> = Vec::new();
        for d in self.scope.inputs() {
            let named = used.iter().any(|u| u.name() == d.name());
            if named || tells(&d, &lengths) {
                lengths.retain(|s| !tells(&d, std::slice::from_ref(s)));
                out.push(d);
            }
        }
        for u in used {
            if !out.iter().any(|o| o.name() == u.name()) {
                out.push(u);
            }
        }
        out
    }

    /// The cheapest equivalents of expressions, together, and what was done.
    ///
    /// # Errors
    /// Shapes contradict each other.
    pub fn optimize(&self, roots: &[Expr]) -> Result<(Vec<Expr>, Report), ScriptError> {
        let imported = import(&self.inputs_of(roots), roots)?;
        let best = optimize(&imported.graph, &imported.roots, &self.options);
        let outputs = export(&best.graph, &best.roots).map_err(ImportError::from)?;
        Ok((outputs, best.report))
    }

    /// Values of expressions, computed before and after optimization and compared.
    ///
    /// # Errors
    /// Values are missing or do not fit, or optimization changed a result that was a number by more
    /// than 1e-8: of itself where it is above 1, of the largest element where that is above 1.
    pub fn evaluate(&self, roots: &[Expr], values: &[(&str, &str)]) -> Result<Evaluated, ScriptError> {
        let data = self.data(values)?;
        self.evaluate_arrays(roots, &data)
    }

    /// [`Session::evaluate`] with arrays.
    ///
    /// # Errors
    /// As there.
    pub fn evaluate_arrays(
        &self,
        roots: &[Expr],
        data: &[(String, Array)],
    ) -> Result<Evaluated, ScriptError> {
        let inputs = self.inputs_of(roots);
        let views: Vec<(&str, ArrayRef<'_>)> = data.iter().map(|(n, a)| (n.as_str(), a.view())).collect();
        let raw = Function::builder().raw().build(&inputs, roots)?;
        let before = raw.call_arrays_named(&views)?;
        let fast = Function::builder().options(self.options.clone()).build(&inputs, roots)?;
        let values = fast.call_arrays_named(&views)?;
        let single = inputs.iter().chain(roots).any(|e| e.ty().dtype == DType::F32);
        let tolerance = if single { TOLERANCE_SINGLE } else { TOLERANCE };
        let mut notes = Vec::new();
        for (k, (a, b)) in before.iter().zip(&values).enumerate() {
            if let Some(note) = compare(&a.to_f64().view(), &b.to_f64().view(), roots.get(k), tolerance)? {
                notes.push(note);
            }
        }
        Ok(Evaluated { values, notes })
    }

    /// Compares the gradient of an expression by inputs with finite differences; a line that says
    /// what was compared.
    ///
    /// # Errors
    /// Several expressions, an unknown name, values that do not fit, and a gradient that is wrong.
    pub fn verify(
        &self,
        roots: &[Expr],
        by: &[&str],
        values: &[(&str, &str)],
    ) -> Result<String, ScriptError> {
        self.verify_arrays(roots, by, &self.data(values)?, &verify::Options::default())
    }

    /// [`Session::verify`] with arrays and options.
    ///
    /// # Errors
    /// As there.
    pub fn verify_arrays(
        &self,
        roots: &[Expr],
        by: &[&str],
        data: &[(String, Array)],
        options: &verify::Options,
    ) -> Result<String, ScriptError> {
        let [f] = roots else {
            return Err(ScriptError::other("type", "one gradient is verified, not several"));
        };
        let mut wrt = Vec::new();
        for name in by {
            let unknown = || ScriptError::other("name", format!("no input is called `{name}`"));
            wrt.push(self.scope.inputs().into_iter().find(|x| x.name() == Some(name)).ok_or_else(unknown)?);
        }
        let at: Vec<(&str, ArrayD<f64>)> =
            data.iter().map(|(n, a)| (n.as_str(), a.to_f64().into_owned())).collect();
        let found = verify::verify_grad(f, &wrt, &at, options)?;
        Ok(format!("{} elements agree with finite differences", found.elements))
    }

    /// Reads the values of inputs: literals or files.
    ///
    /// # Errors
    /// A value cannot be read.
    pub fn data(&self, values: &[(&str, &str)]) -> Result<Vec<(String, Array)>, ScriptError> {
        values
            .iter()
            .map(|(name, text)| {
                let value = read_input(&self.resolve(text))
                    .map_err(|e| ScriptError::other(e.class, format!("`{name}`: {e}")))?;
                Ok(((*name).to_string(), self.typed(name, value)))
            })
            .collect()
    }

    /// The value of an input: integers for one of integers; for any other, numbers are doubles, however they were
    /// written.
    pub fn typed(&self, name: &str, value: Data) -> Array {
        let integers = self.scope.inputs().iter().any(|x| x.name() == Some(name) && x.ty().dtype.is_int());
        typed(integers, value)
    }

    /// A file name relative to the session's directory; anything else as it is.
    fn resolve(&self, text: &str) -> String {
        let bare = text.trim().trim_matches('"');
        let path = bare.strip_prefix('@').unwrap_or(bare);
        let is_file = bare.starts_with('@')
            || Path::new(path)
                .extension()
                .and_then(|e| e.to_str())
                .is_some_and(|e| ["npy", "csv", "json", "txt"].contains(&e));
        if is_file { format!("@{}", self.dir.join(path).display()) } else { bare.to_string() }
    }
}

/// Numbers that were read, as integers or as doubles.
pub(crate) fn typed(integers: bool, value: Data) -> Array {
    match value {
        Data::Integers(x) if integers => x.into(),
        other => other.into_floats().into(),
    }
}

/// An array as text.
pub(crate) fn text(a: &Array, digits: usize) -> String {
    match a {
        Array::F64(x) => show(&x.view(), digits),
        Array::F32(x) => show(&x.mapv(shortest).view(), digits),
        Array::Bool(x) => show(&x.view(), digits),
        other => show(&other.to_i64().view(), digits),
    }
}

/// The double that prints as a single does: 0.1, not 0.10000000149011612.
fn shortest(x: f32) -> f64 {
    format!("{x:e}").parse().unwrap_or_else(|_| x.into())
}

/// An array for JSON: the values as they are, singles as doubles.
pub(crate) fn json(a: &Array) -> serde_json::Value {
    match a {
        Array::F64(x) => to_json(&x.view()),
        Array::F32(_) => to_json(&a.to_f64().view()),
        Array::Bool(x) => to_json(&x.view()),
        other => to_json(&other.to_i64().view()),
    }
}

/// The text of an expression: a tree, or the let-form where that would be long.
pub(super) fn shown(roots: &[Expr]) -> Vec<String> {
    let long = roots.iter().fold(0usize, |n, r| n.saturating_add(tree_length(r))) > TREE_LIMIT;
    if long { let_form(roots, Spelling::Classic) } else { roots.iter().map(pp).collect() }
}

/// A remark where only NaN or infinity went away.
fn compare(
    a: &ArrayViewD<'_, f64>,
    b: &ArrayViewD<'_, f64>,
    what: Option<&Expr>,
    tolerance: f64,
) -> Result<Option<String>, ScriptError> {
    let scale = a.iter().filter(|x| x.is_finite()).fold(0.0f64, |m, x| m.max(x.abs()));
    let mut note = None;
    for (x, y) in a.iter().zip(b) {
        if same(*x, *y, tolerance) || (x - y).abs() <= tolerance * scale {
            continue;
        }
        if !x.is_finite() {
            note.get_or_insert_with(|| format!("{x} before optimization, {y} after"));
            continue;
        }
        let name = what.map_or(String::new(), |e| format!(" of {e:?}"));
        return Err(ScriptError::other(
            "difference",
            format!("optimization changed a value{name}: {x} before, {y} after"),
        ));
    }
    Ok(note)
}
