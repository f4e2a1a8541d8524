//! Programs and what they print: `tests/cases/**/*.eg`, one named test per file, and Theano's own
//! texts of gradients, one named test per row.
//!
//! A file whose first line is `# fails` must fail; its error and exit code are the snapshot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use egrad::optimize::Options;
use egrad::pp::pp;
use egrad::rules::Profile;
use egrad::script::{Session, run};
use egrad::sexp::Source;
use egrad::text::{Scope, parse_declarations};
use libtest_mimic::{Arguments, Trial};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn main() {
    let args = Arguments::from_args();
    let mut trials: Vec<Trial> = case_files().into_iter().map(|(name, path)| case(name, path)).collect();
    trials.extend(theano_rows());
    trials.push(Trial::test("opt/every_mode", every_mode));
    libtest_mimic::run(&args, trials).exit();
}

/// Name and path of each case, in order.
fn case_files() -> Vec<(String, PathBuf)> {
    let base = root().join("tests/cases");
    let mut out = Vec::new();
    let mut dirs = vec![base.clone()];
    while let Some(d) = dirs.pop() {
        for entry in fs::read_dir(&d).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "eg") {
                let name = path.strip_prefix(&base).unwrap().with_extension("");
                out.push((name.to_string_lossy().replace('\\', "/"), path));
            }
        }
    }
    out.sort();
    out
}

fn case(name: String, path: PathBuf) -> Trial {
    let snapshot = name.replace('/', "__");
    Trial::test(name.clone(), move || {
        let text = fs::read_to_string(&path).unwrap();
        let fails = text.starts_with("# fails");
        // Relative, so that no message has a path of this machine.
        let dir = path.parent().unwrap().strip_prefix(root()).unwrap();
        let mut session = Session::new(Options::default(), dir);
        let printed = match run(&mut session, &format!("{name}.eg"), &text) {
            Ok(out) if fails => return Err(format!("did not fail:\n{out}").into()),
            Ok(out) => out,
            Err((out, e)) if fails => format!("{out}exit code {}\n{}\n", e.exit_code(), e.report()),
            Err((_, e)) => return Err(e.report().into()),
        };
        check(&snapshot, &text, &printed)
    })
}

/// Compares with the snapshot.
fn check(name: &str, input: &str, printed: &str) -> Result<(), libtest_mimic::Failed> {
    let compare = || {
        insta::with_settings!({
            snapshot_path => root().join("snapshots"),
            prepend_module_to_snapshot => false,
            description => input.trim_end(),
            omit_expression => true,
        }, { insta::assert_snapshot!(name, printed) });
    };
    std::panic::catch_unwind(compare).map_err(|_| format!("{name} differs from its snapshot").into())
}

/// Theano's gradients, byte for byte.
fn theano_rows() -> Vec<Trial> {
    let text = fs::read_to_string(root().join("tests/theano/gradients.tsv")).unwrap();
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    rows.map(|row| {
        let [id, inputs, cost, by, expected] = row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let [inputs, cost, by, expected] = [inputs, cost, by, expected].map(str::to_string);
        Trial::test(format!("theano/{id}"), move || {
            let declared = parse_declarations(&Source::text_only(&inputs))?;
            let mut scope = Scope::new(&declared);
            let cost = scope.read_infix(&Source::text_only(&cost))?.results.remove(0);
            let g = egrad::grad::grad(&cost, scope.get(&by).unwrap())?;
            let printed = pp(&g);
            if printed == expected { Ok(()) } else { Err(format!("{printed}\n{expected}").into()) }
        })
    })
    .collect()
}

/// The cost that every profile and extractor reaches on the `opt` cases.
fn every_mode() -> Result<(), libtest_mimic::Failed> {
    const EXTRACTORS: [&str; 3] = ["default", "tree", "exact"];
    let mut table = String::new();
    for (name, path) in case_files().into_iter().filter(|(n, _)| n.starts_with("opt/")) {
        let text = fs::read_to_string(&path).unwrap();
        let costs: String = text
            .lines()
            .filter(|l| !["eval ", "pp ", "let ", "cost ", "plot "].iter().any(|c| l.starts_with(c)))
            .map(|l| l.strip_prefix("opt ").map_or(l.to_string(), |e| format!("cost {e}")) + "\n")
            .collect();
        writeln!(table, "{name}")?;
        for profile in [Profile::Ieee, Profile::Strict, Profile::Real] {
            for extractor in EXTRACTORS {
                let options = Options { profile, extractor, ..Options::default() };
                let mut session = Session::new(options, path.parent().unwrap());
                let out = run(&mut session, &name, &costs).map_err(|(_, e)| e.report())?;
                let found: Vec<&str> = out
                    .lines()
                    .filter_map(|l| l.strip_prefix("  cost "))
                    .map(|l| l.split(" (").next().unwrap_or(l))
                    .collect();
                writeln!(table, "  {:<7}{extractor:<9}{}", profile.name(), found.join(", "))?;
            }
        }
    }
    check("opt__every_mode", "cost before -> after", &table)
}
