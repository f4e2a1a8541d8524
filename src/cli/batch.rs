//! The JSON-lines case protocol: each line a case, each answer a line.
//!
//! A case has `id`, `kind` (`grad`, `simplify` or `value`), declarations (`decls` as text or
//! `inputs` as objects), `expr_infix` or `expr_sexp`, `wrt`, and `points` with `values`. An answer
//! has `id` and either `ok: true` with `results` or `ok: false` with an `error`. A bad case never
//! stops the batch.

use std::io::BufRead;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::output::{error, line};
use super::progress::Progress;
use crate::data::data_from_json;
use crate::expr::{Expr, variables};
use crate::function::{Array, ArrayRef, Function};
use crate::grad::{Disconnected, grads_or};
use crate::optimize::Options;
use crate::pp::{TREE_LIMIT, pp, tree_length};
use crate::script::{ScriptError, array_json, typed};
use crate::sexp::Source;
use crate::text::{Dialect, parse_declarations, parse_infix, parse_sexp, sexp_program};

/// Answers every line of the input.
pub(super) fn run(mut input: impl BufRead, name: &str, options: &Options) -> Result<ExitCode, ScriptError> {
    let mut bytes = Vec::new();
    let mut number = 0usize;
    let progress = Progress::new();
    loop {
        bytes.clear();
        number += 1;
        let n = input
            .read_until(b'\n', &mut bytes)
            .map_err(|e| ScriptError::other("io", format!("{name}:{number}: {e}")))?;
        if n == 0 {
            progress.end();
            return Ok(ExitCode::SUCCESS);
        }
        let text = String::from_utf8_lossy(&bytes);
        if text.trim().is_empty() {
            continue;
        }
        let reply = match serde_json::from_str::<Value>(text.trim()) {
            Ok(case) => guarded(&case, options),
            Err(e) => json!({ "id": null, "ok": false,
                "error": { "kind": "parse", "message": format!("{name}:{number}: {e}") } }),
        };
        if !line(&reply.to_string()) {
            return Ok(ExitCode::SUCCESS);
        }
        progress.done(number);
    }
}

/// The answer to one case; a fault of the library in one does not lose the others.
fn guarded(case: &Value, options: &Options) -> Value {
    let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| answer(case, options)));
    answered.unwrap_or_else(|_| {
        let id = case.get("id").cloned().unwrap_or(Value::Null);
        let message = "a fault of egrad; please report the case";
        json!({ "id": id, "ok": false, "error": { "kind": "internal", "message": message } })
    })
}

/// The answer to one case.
pub fn answer(case: &Value, options: &Options) -> Value {
    let id = case.get("id").cloned().unwrap_or(Value::Null);
    match solve(case, options) {
        Ok(mut fields) => {
            let mut out = Map::new();
            out.insert("id".into(), id);
            out.insert("ok".into(), json!(true));
            out.append(&mut fields);
            Value::Object(out)
        }
        Err(e) => json!({ "id": id, "ok": false, "error": error(&e) }),
    }
}

/// What a case asks for.
pub(super) struct Problem {
    /// The declared inputs.
    pub(super) inputs: Vec<Expr>,
    /// The expression.
    pub(super) cost: Expr,
    /// What to differentiate by; nothing for the value alone.
    pub(super) by: Vec<Expr>,
}

/// Reads a case, without its points.
///
/// # Errors
/// A text that is not in the language, a name that there is not, a part that is missing.
pub(super) fn problem(case: &Value) -> Result<Problem, ScriptError> {
    let bad = |message: &str| ScriptError::other("input", message.to_string());
    let text_of = |key: &str| case.get(key).and_then(Value::as_str);
    let mut inputs = match text_of("decls") {
        Some(d) => parse_declarations(&Source::new("decls", d))?,
        None => parse_declarations(&Source::new("inputs", &declared(case)?))?,
    };
    let program = match (text_of("expr_infix"), text_of("expr_sexp")) {
        (Some(t), _) => parse_infix(&Source::new("expr_infix", t), &inputs)?,
        (None, Some(t)) => parse_sexp(&Source::new("expr_sexp", t), &inputs)?,
        (None, None) => return Err(bad("a case needs `expr_infix` or `expr_sexp`")),
    };
    inputs = program.inputs.clone();
    let [cost] = program.results.as_slice() else {
        return Err(ScriptError::other("type", "a case has one expression"));
    };
    let names: Vec<&str> = match case.get("wrt") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|v| v.as_str().ok_or_else(|| bad("`wrt` is a list of names")))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(bad("`wrt` is a list of names")),
    };
    let by: Vec<Expr> = names
        .iter()
        .map(|n| {
            inputs
                .iter()
                .find(|i| i.name() == Some(n))
                .cloned()
                .ok_or_else(|| ScriptError::other("name", format!("unknown name `{n}` in `wrt`")))
        })
        .collect::<Result<_, _>>()?;
    Ok(Problem { inputs, cost: cost.clone(), by })
}

fn solve(case: &Value, options: &Options) -> Result<Map<String, Value>, ScriptError> {
    let Problem { inputs, cost, by } = problem(case)?;
    let cost = &cost;
    let names: Vec<&str> = by.iter().filter_map(Expr::name).collect();
    let raw = if by.is_empty() { Vec::new() } else { grads_or(cost, &by, Disconnected::Zero)? };

    let value = compile(&inputs, std::slice::from_ref(cost), options)?;
    let gradient = if raw.is_empty() { None } else { Some(compile(&inputs, &raw, options)?) };
    let mut out = Map::new();
    let mut results = Vec::new();
    for point in case.get("points").and_then(Value::as_array).into_iter().flatten() {
        let data = values(point, &inputs)?;
        let mut result = Map::new();
        result.insert("value".into(), call(&value, &data)?.first().map_or(Value::Null, array_json));
        if let Some(g) = &gradient {
            let found = call(g, &data)?;
            let grads: Map<String, Value> =
                names.iter().zip(&found).map(|(n, a)| ((*n).to_string(), array_json(a))).collect();
            result.insert("grad".into(), Value::Object(grads));
        }
        results.push(Value::Object(result));
    }
    out.insert("results".into(), Value::Array(results));
    if let Some(g) = &gradient {
        let best = g.outputs().to_vec();
        let of = |f: &dyn Fn(&Expr) -> String, list: &[Expr]| -> Value {
            Value::Object(names.iter().zip(list).map(|(n, e)| ((*n).to_string(), json!(f(e)))).collect())
        };
        out.insert(
            "grad_sexp".into(),
            of(&|e| sexp_program(std::slice::from_ref(e), Dialect::Common), &best),
        );
        if raw.iter().chain(&best).all(|e| tree_length(e) <= TREE_LIMIT) {
            out.insert("pp_raw".into(), of(&pp, &raw));
            out.insert("pp_opt".into(), of(&pp, &best));
        }
    } else {
        out.insert("simplified_sexp".into(), json!(sexp_program(value.outputs(), Dialect::Common)));
    }
    Ok(out)
}

fn compile(inputs: &[Expr], outputs: &[Expr], options: &Options) -> Result<Function, ScriptError> {
    let used = variables(outputs);
    let needed: Vec<Expr> =
        inputs.iter().filter(|i| used.iter().any(|u| u.name() == i.name())).cloned().collect();
    Ok(Function::builder().options(options.clone()).build(&needed, outputs)?)
}

fn call(f: &Function, data: &[(String, Array)]) -> Result<Vec<Array>, ScriptError> {
    let views: Vec<(&str, ArrayRef<'_>)> = f
        .inputs()
        .iter()
        .filter_map(Expr::name)
        .filter_map(|n| data.iter().find(|(m, _)| m == n))
        .map(|(n, a)| (n.as_str(), a.view()))
        .collect();
    Ok(f.call_arrays_named(&views)?)
}

/// Values of all declared inputs; their shapes are checked even where an input is not used.
fn values(point: &Value, inputs: &[Expr]) -> Result<Vec<(String, Array)>, ScriptError> {
    let Some(given) = point.get("values").and_then(Value::as_object) else {
        return Err(ScriptError::other("input", "a point needs `values`"));
    };
    let mut out = Vec::new();
    for i in inputs {
        let Some(name) = i.name() else { continue };
        let Some(v) = given.get(name) else {
            return Err(ScriptError::other("input", format!("no value for `{name}`")));
        };
        let found = data_from_json(v).map_err(|e| ScriptError::other(e.class, format!("`{name}`: {e}")))?;
        let found = fitted(typed(i.ty().dtype.is_int(), found), i);
        let fits = found.shape().len() == i.rank()
            && found.shape().iter().zip(i.ty().shape.dims()).all(|(n, d)| d.known().is_none_or(|m| m == *n));
        if !fits {
            let message =
                format!("`{name}` is declared {}, but its value has shape {:?}", i.ty(), found.shape());
            return Err(ScriptError::other("shape", message));
        }
        out.push((name.to_string(), found));
    }
    Ok(out)
}

/// JSON writes an array of no elements as `[]`, whatever its other lengths.
fn fitted(a: Array, input: &Expr) -> Array {
    if !a.shape().contains(&0) {
        return a;
    }
    match input.ty().shape.as_known() {
        Some(dims) if dims.contains(&0) => Array::zeros(input.ty().dtype, &dims),
        _ => a,
    }
}

/// Declarations from a list of `{name, dtype, shape}`.
fn declared(case: &Value) -> Result<String, ScriptError> {
    let mut text = String::new();
    for i in case.get("inputs").and_then(Value::as_array).into_iter().flatten() {
        let name = i.get("name").and_then(Value::as_str).unwrap_or("?");
        let dtype = i.get("dtype").and_then(Value::as_str).unwrap_or("float64");
        let dims: Vec<String> = i
            .get("shape")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|d| d.as_str().map_or_else(|| d.to_string(), str::to_string))
            .collect();
        if dims.is_empty() {
            text.push_str(&format!("{name}: {dtype}\n"));
        } else {
            text.push_str(&format!("{name}: {dtype}[{}]\n", dims.join(", ")));
        }
    }
    Ok(text)
}
