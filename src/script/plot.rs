//! Curves of expressions over one input.

use ndarray::{ArrayD, IxDyn};

use super::error::ScriptError;
use super::session::Session;
use crate::expr::Expr;
use crate::function::Array;
use crate::plot::{Figure, Series, Size, png, svg, terminal};

/// Points of a curve.
const POINTS: usize = 401;

/// What is drawn, over which input, and where.
#[derive(Debug, Clone)]
pub struct Curve<'a> {
    /// A label and an expression for each curve.
    pub what: Vec<(String, Expr)>,
    /// The input that varies.
    pub var: &'a str,
    /// From here.
    pub from: f64,
    /// To here.
    pub to: f64,
    /// Values of the other inputs.
    pub fixed: Vec<(String, Array)>,
    /// A `.svg` or `.png` file; the text picture is returned if there is none.
    pub file: Option<std::path::PathBuf>,
    /// Size of the text picture.
    pub columns: usize,
    /// Size of the text picture.
    pub rows: usize,
}

/// Draws curves. Gives the picture as text, or a line that says what was written.
///
/// Scalar expressions are evaluated point by point; expressions with the shape of the input at all
/// points at once, so that a gradient of a sum draws the derivative at each point.
///
/// # Errors
/// An expression has another shape, a value is missing, or the file cannot be written.
pub fn draw(session: &Session, curve: &Curve<'_>) -> Result<String, ScriptError> {
    if !(curve.from.is_finite() && curve.to.is_finite() && curve.from < curve.to) {
        return Err(ScriptError::other(
            "value",
            format!("the range {:?} .. {:?} is empty", curve.from, curve.to),
        ));
    }
    #[allow(clippy::cast_precision_loss, reason = "401 points")]
    let at = |i: usize| curve.from + (curve.to - curve.from) * i as f64 / (POINTS - 1) as f64;
    let xs: Vec<f64> = (0..POINTS).map(at).collect();
    let mut series = Vec::new();
    for (label, e) in &curve.what {
        series.push(Series::new(label.clone(), xs.clone(), values(session, curve, e, label, &xs)?));
    }
    let labels: Vec<&str> = curve.what.iter().map(|(l, _)| l.as_str()).collect();
    let figure =
        Figure { title: labels.join(", "), x_label: curve.var.to_string(), y_label: String::new(), series };
    match &curve.file {
        Some(path) => save(&figure, path),
        None => Ok(terminal(&figure, curve.columns, curve.rows)?),
    }
}

/// Writes a picture; a line that says so.
///
/// # Errors
/// The name ends in neither `.svg` nor `.png`, or the file cannot be written.
pub fn save(figure: &Figure, path: &std::path::Path) -> Result<String, ScriptError> {
    let io = |e: std::io::Error| ScriptError::other("io", format!("{}: {e}", path.display()));
    match path.extension().and_then(|e| e.to_str()) {
        Some("svg") => std::fs::write(path, svg(figure, Size::default())?).map_err(io)?,
        Some("png") => std::fs::write(path, png(figure, Size { width: 1280, height: 960 })?).map_err(io)?,
        _ => {
            let name = path.display();
            return Err(ScriptError::other("value", format!("{name}: pictures are .svg or .png files")));
        }
    }
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("the file");
    Ok(format!("wrote {name}"))
}

fn values(
    session: &Session,
    curve: &Curve<'_>,
    e: &Expr,
    label: &str,
    xs: &[f64],
) -> Result<Vec<f64>, ScriptError> {
    let inputs = session.inputs_of(std::slice::from_ref(e));
    let Some(x) = inputs.iter().find(|i| i.name() == Some(curve.var)) else {
        // A constant: a horizontal line.
        let v = session.evaluate_arrays(std::slice::from_ref(e), &curve.fixed)?;
        return match v.values.first().and_then(|a| a.view().floats().next()) {
            Some(y) if e.rank() == 0 => Ok(vec![y; xs.len()]),
            _ => Err(ScriptError::other("shape", format!("`{label}` does not use `{}`", curve.var))),
        };
    };
    let whole = |x: ArrayD<f64>| {
        let mut data = curve.fixed.clone();
        data.retain(|(n, _)| n != curve.var && inputs.iter().any(|i| i.name() == Some(n)));
        data.push((curve.var.to_string(), x.into()));
        session.evaluate_arrays(std::slice::from_ref(e), &data)
    };
    if x.rank() > 0 && e.ty().rank() == x.rank() {
        let mut dims = vec![1usize; x.rank()];
        dims[x.rank() - 1] = xs.len();
        let array = ArrayD::from_shape_vec(IxDyn(&dims), xs.to_vec())
            .map_err(|e| ScriptError::other("shape", e.to_string()))?;
        let found = whole(array)?;
        return Ok(found.values.first().map(|a| a.view().floats().collect()).unwrap_or_default());
    }
    if x.rank() > 0 || e.rank() > 0 {
        return Err(ScriptError::other(
            "shape",
            format!("`{label}` has type {}; a curve over `{}` needs its type, {}", e.ty(), curve.var, x.ty()),
        ));
    }
    let mut out = Vec::with_capacity(xs.len());
    for &v in xs {
        let found = whole(ArrayD::from_elem(IxDyn(&[]), v))?;
        out.push(found.values.first().and_then(|a| a.view().floats().next()).unwrap_or(f64::NAN));
    }
    Ok(out)
}
