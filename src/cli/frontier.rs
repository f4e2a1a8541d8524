//! `egrad opt --frontier`: cost against error, as table, JSON and picture.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::args::{Form, Format};
use super::output::{best_forms, line};
use super::tables::aligned;
use crate::accuracy::{Form as Measured, frontier};
use crate::expr::Expr;
use crate::graph::{export, import};
use crate::optimize::Options;
use crate::plot::{Figure, Series};
use crate::script::{ScriptError, save};

/// Prints the frontier of some expressions, optimized together.
pub(super) fn print(
    roots: &[Expr],
    options: &Options,
    form: Form,
    format: Format,
    files: &[PathBuf],
) -> Result<ExitCode, ScriptError> {
    let read = import(&[], roots)?;
    let Some(found) = frontier(&read.graph, &read.roots, options) else {
        let message =
            "no frontier: the expression has operators without a meaning over the reals, or no real value";
        return Err(ScriptError::other("unsupported", message));
    };
    let texts: Vec<Vec<String>> = found
        .forms
        .iter()
        .map(|f| Ok(best_forms(&export(&f.graph, &f.roots)?, form)))
        .collect::<Result<_, ScriptError>>()?;
    match format {
        Format::Json => {
            let forms: Vec<_> = found
                .forms
                .iter()
                .zip(&texts)
                .map(|(f, t)| {
                    json!({ "how": f.how, "cost": f.cost, "error": f.error, "frontier": f.best, "form": t })
                })
                .collect();
            line(&json!({ "ok": true, "forms": forms }).to_string());
        }
        Format::Text => {
            let mut rows = vec![["", "cost", "wrong bits", "worst ulp", "found"].map(String::from).to_vec()];
            rows.extend(found.forms.iter().map(|f| {
                let mark = if f.best { "*" } else { "" };
                let worst = if f.error.worst < 1e6 {
                    format!("{:.1}", f.error.worst)
                } else {
                    format!("{:.1e}", f.error.worst)
                };
                vec![
                    mark.into(),
                    format!("{:.1}", f.cost),
                    format!("{:.2}", f.error.bits),
                    worst,
                    f.how.clone(),
                ]
            }));
            aligned(&rows).iter().for_each(|l| {
                line(l);
            });
            for (f, t) in found.forms.iter().zip(&texts).filter(|(f, _)| f.best) {
                line(&format!("cost {:.1}, {:.2} wrong bits:", f.cost, f.error.bits));
                t.iter().for_each(|l| {
                    line(&format!("  {l}"));
                });
            }
        }
    }
    for file in files {
        line(&save(&picture(&found.forms), file)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// The frontier as a line, what it beats as dots.
fn picture(forms: &[Measured]) -> Figure {
    let of = |f: &&Measured| (f.cost, f.error.bits);
    let (xs, ys) = forms.iter().filter(|f| f.best).map(|f| of(&f)).unzip();
    let mut series = vec![Series::new("frontier", xs, ys)];
    // A gap after each point leaves dots.
    let beaten: Vec<(f64, f64)> =
        forms.iter().filter(|f| !f.best).flat_map(|f| [of(&f), (f64::NAN, f64::NAN)]).collect();
    if !beaten.is_empty() {
        let (xs, ys) = beaten.into_iter().unzip();
        series.push(Series::new("beaten", xs, ys));
    }
    Figure {
        title: "cost against error".into(),
        x_label: "estimated work, in additions".into(),
        y_label: "wrong bits".into(),
        series,
    }
}
