//! The commands.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, json};

use super::args::{Batch, Cli, Command, Eval, Format, Grad, Opt, Optimizer, Plot, Run, Text, Verify};
use super::output::{best_forms, fail, forms, line};
use super::{batch, compare, discover, egraphs, explain, frontier, rules};
use crate::expr::Expr;
use crate::grad::{Disconnected, grads, grads_or};
use crate::optimize::Options;
use crate::rules::Profile;
use crate::script::{Curve, ScriptError, Session, array_json, array_text, draw, run as run_script};
use crate::sexp::Source;
use crate::text::{free_names, parse_declarations};
use crate::ty::DType;

type Outcome = Result<ExitCode, ScriptError>;

/// Runs a command; the exit code.
pub(super) fn run(cli: Cli) -> ExitCode {
    let format = match &cli.command {
        Command::Pp(t) => t.format,
        Command::Grad(g) => g.text.format,
        Command::Opt(o) if o.versus.json => Format::Json,
        Command::Opt(o) => o.text.format,
        Command::Eval(e) => e.text.format,
        Command::Verify(v) => v.text.format,
        Command::Plot(p) => p.text.format,
        Command::Explain(e) => e.format(),
        Command::Egraph(e) => e.format(),
        Command::Extract(e) => e.format(),
        Command::Discover(d) => d.format(),
        _ => Format::Text,
    };
    let done = match cli.command {
        Command::Pp(t) => pp(&t),
        Command::Grad(g) => grad(&g),
        Command::Opt(o) if o.versus.wanted() => compare::run(&o),
        Command::Opt(o) => opt(&o),
        Command::Eval(e) => eval(&e),
        Command::Verify(v) => verify(&v),
        Command::Plot(p) => plot(&p),
        Command::Explain(e) => explain::run(&e),
        Command::Egraph(e) => egraphs::export(&e),
        Command::Extract(e) => egraphs::extract(&e),
        Command::Rules(r) => rules::run(&r.action),
        Command::Discover(d) => discover::run(&d),
        Command::Run(r) => scripts(&r),
        Command::Batch(b) => cases(&b),
    };
    done.unwrap_or_else(|e| fail(&e, format))
}

/// The options that the command line asks for.
pub(super) fn options(o: &Optimizer) -> Result<Options, ScriptError> {
    let mut options = Options { rules: rules::chosen(o)?, ..Options::default() };
    options.profile = Profile::by_name(&o.profile).unwrap_or_default();
    match crate::extract::by_name(&o.extractor) {
        Some(e) => options.extractor = e.name,
        None => {
            let known: Vec<&str> = crate::extract::EXTRACTORS.iter().map(|e| e.name).collect();
            let message = format!("unknown extractor `{}`; known: {}", o.extractor, known.join(", "));
            return Err(ScriptError::other("name", message));
        }
    }
    for s in &o.sizes {
        let parsed = s.split_once('=').and_then(|(n, v)| Some((n.trim(), v.trim().parse::<usize>().ok()?)));
        let Some((name, length)) = parsed.filter(|(name, _)| !name.is_empty()) else {
            return Err(ScriptError::other("parse", format!("expected `symbol=number`, found `{s}`")));
        };
        options.model.lengths.insert(name.to_string(), length);
    }
    Ok(options)
}

/// The text that an argument stands for.
pub(super) fn read_text(arg: &str) -> Result<(String, String), ScriptError> {
    if arg == "-" {
        let mut all = Vec::new();
        std::io::stdin()
            .read_to_end(&mut all)
            .map_err(|e| ScriptError::other("io", format!("standard input: {e}")))?;
        return utf8("<stdin>", all);
    }
    match arg.strip_prefix('@') {
        Some(path) => read_file(Path::new(path)),
        None => Ok(("<text>".into(), arg.into())),
    }
}

pub(super) fn read_file(path: &Path) -> Result<(String, String), ScriptError> {
    let name = path.display().to_string();
    let all = std::fs::read(path).map_err(|e| ScriptError::other("io", format!("{name}: {e}")))?;
    utf8(&name, all)
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<(String, String), ScriptError> {
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        ScriptError::other("parse", format!("{name}: byte {at} is not UTF-8"))
    })?;
    // Some editors begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_string);
    Ok((name.into(), text))
}

fn read_sexp(session: &mut Session, source: &Source) -> Result<crate::text::Program, ScriptError> {
    let tree = crate::sexp::read(source)?;
    Ok(session.scope.read_sexp(tree.single()?)?)
}

/// A session with the declarations, and the expressions of the text.
pub(super) fn load(t: &Text, options: Options) -> Result<(Session, Vec<Expr>), ScriptError> {
    let mut session = Session::new(options, Path::new(""));
    let declared = parse_declarations(&Source::new("<decl>", &t.decls.join("\n")))?;
    session.scope = crate::text::Scope::new(&declared);
    let texts: Vec<(String, String)> = match &t.file {
        Some(f) => vec![read_file(f)?],
        None => t.text.iter().chain(&t.more).map(|arg| read_text(arg)).collect::<Result<_, _>>()?,
    };
    let mut results = Vec::new();
    for (name, text) in &texts {
        let source = Source::new(name, text);
        if declared.is_empty() && !t.sexp {
            // Nothing is declared anywhere: free names are scalars.
            for free in free_names(&source) {
                session.scope.add_input(&crate::expr::tensor(&free, DType::F64, Default::default()));
            }
        }
        let program = if t.sexp { read_sexp(&mut session, &source) } else { session.read(&source) };
        // The name of a file is no expression, nearly always.
        let program = program.map_err(|error| match text.as_str() {
            path if name == "<text>" && Path::new(path).is_file() => {
                let message = format!("`{path}` is read as an expression, and is a file: `@{path}` reads it");
                ScriptError::other("parse", message)
            }
            _ => error,
        })?;
        results.extend(program.results);
    }
    match texts.as_slice() {
        [(name, _), ..] if results.is_empty() => {
            Err(ScriptError::other("parse", format!("{name}: the text has no expression")))
        }
        _ => Ok((session, results)),
    }
}

/// The gradients of each cost by each of `by`, in this order. Of several costs it is enough that one
/// depends on what is asked for; the others have zeros.
pub(super) fn gradients(costs: &[Expr], by: &[Expr]) -> Result<Vec<Expr>, ScriptError> {
    if let [cost] = costs {
        return Ok(grads(cost, by)?);
    }
    let mut all = Vec::with_capacity(costs.len() * by.len());
    for cost in costs {
        all.extend(grads_or(cost, by, Disconnected::Zero)?);
    }
    for x in by {
        let reached = |cost: &Expr| grads(cost, std::slice::from_ref(x)).is_ok();
        if let (Some(first), false) = (costs.first(), costs.iter().any(reached)) {
            grads(first, std::slice::from_ref(x))?;
        }
    }
    Ok(all)
}

fn print(t: &Text, key: &str, roots: &[Expr]) {
    let lines = forms(roots, t.form);
    match t.format {
        Format::Text => lines.iter().for_each(|l| {
            line(l);
        }),
        Format::Json => {
            line(&json!({ "ok": true, key: lines }).to_string());
        }
    }
}

fn pp(t: &Text) -> Outcome {
    let (_, roots) = load(t, Options::default())?;
    print(t, "pp", &roots);
    Ok(ExitCode::SUCCESS)
}

fn opt(o: &Opt) -> Outcome {
    let (session, roots) = load(&o.text, options(&o.optimizer)?)?;
    if o.frontier {
        let format = if o.versus.json { Format::Json } else { o.text.format };
        return frontier::print(&roots, &options(&o.optimizer)?, o.text.form, format, &o.outputs);
    }
    let (best, report) = session.optimize(&roots)?;
    match if o.versus.json { Format::Json } else { o.text.format } {
        Format::Json => {
            line(
                &json!({ "ok": true, "optimized": best_forms(&best, o.text.form), "report": report })
                    .to_string(),
            );
        }
        Format::Text => {
            best_forms(&best, o.text.form).iter().for_each(|l| {
                line(l);
            });
            if o.optimizer.report {
                line(&report.to_string());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The expressions that `--wrt` names.
pub(super) fn wrt(session: &Session, names: &str) -> Result<Vec<Expr>, ScriptError> {
    let found: Vec<Expr> = names
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .map(|n| {
            session.scope.get(n).cloned().ok_or_else(|| {
                let known = session.scope.inputs();
                let known: Vec<&str> = known.iter().filter_map(Expr::name).collect();
                ScriptError::other("name", format!("unknown name `{n}`; inputs: {}", known.join(", ")))
            })
        })
        .collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Err(ScriptError::other("name", "there is no name to differentiate by"));
    }
    Ok(found)
}

fn grad(g: &Grad) -> Outcome {
    let (session, roots) = load(&g.text, options(&g.optimizer)?)?;
    let by = wrt(&session, &g.wrt)?;
    let raw = gradients(&roots, &by)?;
    if g.raw {
        print(&g.text, "gradient", &raw);
        return Ok(ExitCode::SUCCESS);
    }
    let (best, report) = session.optimize(&raw)?;
    let values = if g.values.is_empty() {
        None
    } else {
        Some(session.evaluate_arrays(&raw, &g.values.read(&session)?)?)
    };
    match g.text.format {
        Format::Text => {
            let block = |title: &str, lines: &[String]| {
                line(title);
                lines.iter().for_each(|l| {
                    line(&format!("  {l}"));
                });
            };
            block("gradient", &forms(&raw, g.text.form));
            block("optimized", &best_forms(&best, g.text.form));
            line(&report.cost());
            if let Some(v) = &values {
                for (k, a) in v.values.iter().enumerate() {
                    let name = by[k % by.len()].label().unwrap_or("");
                    let of = if roots.len() == 1 { String::new() } else { format!(" of {}", k / by.len()) };
                    block(&format!("value{of} by {name}"), &text_lines(&array_text(a, 8)));
                }
                v.notes.iter().for_each(|n| {
                    line(&format!("  ({n})"));
                });
            }
            if g.optimizer.report {
                line(&report.to_string());
            }
        }
        Format::Json => {
            let mut out = Map::new();
            out.insert("ok".into(), json!(true));
            out.insert("gradient".into(), json!(forms(&raw, g.text.form)));
            out.insert("optimized".into(), json!(best_forms(&best, g.text.form)));
            out.insert("report".into(), json!(report));
            if let Some(v) = &values {
                let list: Vec<_> = v.values.iter().map(array_json).collect();
                out.insert("values".into(), json!(list));
                out.insert("notes".into(), json!(v.notes));
            }
            line(&serde_json::Value::Object(out).to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text_lines(s: &str) -> Vec<String> {
    s.lines().map(str::to_string).collect()
}

fn eval(e: &Eval) -> Outcome {
    let (session, mut roots) = load(&e.text, options(&e.optimizer)?)?;
    if let Some(names) = &e.wrt {
        let found = gradients(&roots, &wrt(&session, names)?)?;
        roots.extend(found);
    }
    let found = session.evaluate_arrays(&roots, &e.values.read(&session)?)?;
    match e.text.format {
        Format::Text => {
            for v in &found.values {
                line(&array_text(v, 17));
            }
            found.notes.iter().for_each(|n| {
                line(&format!("({n})"));
            });
        }
        Format::Json => {
            let list: Vec<_> = found.values.iter().map(array_json).collect();
            line(&json!({ "ok": true, "values": list, "notes": found.notes }).to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(v: &Verify) -> Outcome {
    let (session, roots) = load(&v.text, Options::default())?;
    let names: Vec<&str> = v.wrt.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    let options = crate::verify::Options {
        tests: v.tests,
        seed: v.seed,
        eps: v.eps,
        abs_tol: v.abs_tol,
        rel_tol: v.rel_tol,
    };
    let text = session.verify_arrays(&roots, &names, &v.values.read(&session)?, &options)?;
    match v.text.format {
        Format::Text => line(&text),
        Format::Json => line(&json!({ "ok": true, "verified": text }).to_string()),
    };
    Ok(ExitCode::SUCCESS)
}

fn plot(p: &Plot) -> Outcome {
    let (session, roots) = load(&p.text, options(&p.optimizer)?)?;
    // What is long when printed has the text that asked for it, if each text asked for one.
    let given: Vec<&String> = p.text.text.iter().chain(&p.text.more).collect();
    let given = Some(given).filter(|g| g.len() == roots.len() && p.text.file.is_none());
    let short = |text: &str| text.chars().count() <= 40 && !text.contains('\n') && !text.starts_with('@');
    let label = |(i, e): (usize, &Expr)| {
        let asked = given.as_ref().map(|g| g[i].trim().to_string());
        let texts = [Some(crate::pp::print(e, crate::op::Spelling::Plain)), asked];
        texts.into_iter().flatten().find(|t| short(t)).unwrap_or_else(|| "value".to_string())
    };
    let mut what: Vec<(String, Expr)> = roots.iter().enumerate().map(|r| (label(r), r.1.clone())).collect();
    if p.grad {
        let by = wrt(&session, &p.var)?;
        for (name, e) in what.clone() {
            let cost = if e.rank() == 0 { e } else { e.sum() };
            let g = grads(&cost, &by)?;
            what.extend(g.into_iter().map(|g| (format!("d {name} / d{}", p.var), g)));
        }
    }
    let fixed = p.values.read(&session)?;
    let files: Vec<Option<PathBuf>> =
        if p.outputs.is_empty() { vec![None] } else { p.outputs.iter().cloned().map(Some).collect() };
    for file in files {
        let curve = Curve {
            what: what.clone(),
            var: &p.var,
            from: p.from,
            to: p.to,
            fixed: fixed.clone(),
            file,
            columns: 78,
            rows: 22,
        };
        line(draw(&session, &curve)?.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn scripts(r: &Run) -> Outcome {
    let options = options(&r.optimizer)?;
    for file in &r.files {
        let name = file.display().to_string();
        let (text, dir) = if name == "-" {
            (read_text("-")?.1, PathBuf::new())
        } else {
            let dir = file.parent().map(Path::to_path_buf).unwrap_or_default();
            (read_text(&format!("@{name}"))?.1, dir)
        };
        let mut session = Session::new(options.clone(), &dir);
        match run_script(&mut session, &name, &text) {
            Ok(out) => {
                line(out.trim_end());
            }
            Err((out, e)) => {
                if !out.is_empty() {
                    line(out.trim_end());
                }
                return Err(e);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn cases(b: &Batch) -> Outcome {
    let options = options(&b.optimizer)?;
    match &b.file {
        Some(f) => {
            let name = f.display().to_string();
            let file =
                std::fs::File::open(f).map_err(|e| ScriptError::other("io", format!("{name}: {e}")))?;
            batch::run(std::io::BufReader::new(file), &name, &options)
        }
        None => batch::run(std::io::stdin().lock(), "<stdin>", &options),
    }
}
