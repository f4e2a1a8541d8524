//! Values of inputs: given one by one, or all in a JSON file.

use std::path::PathBuf;

use clap::Args;

use crate::data::data_from_json;
use crate::function::Array;
use crate::script::{ScriptError, Session};

/// The values of inputs.
#[derive(Debug, Args)]
pub(super) struct Values {
    /// The value of an input: `x=4`, `x=[[0, 1], [2, 3]]`, `x=data.csv`, `x=data.npy`, `x=-`
    /// (may be repeated).
    #[arg(short, long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// A JSON file with the values of inputs: `{"x": [1, 2], "b": 0.5}`.
    #[arg(id = "values", long = "values", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Values {
    /// Is nothing given?
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.file.is_none()
    }

    /// The arrays by name: those of the file, then those given one by one.
    ///
    /// # Errors
    /// A file cannot be read, or a value is not an array of numbers.
    pub(super) fn read(&self, session: &Session) -> Result<Vec<(String, Array)>, ScriptError> {
        let mut all = Vec::new();
        if let Some(path) = &self.file {
            let name = path.display();
            let text = std::fs::read_to_string(path)
                .map_err(|e| ScriptError::other("io", format!("{name}: {e}")))?;
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
                .map_err(|e| ScriptError::other("parse", format!("{name}: {e}")))?;
            for (input, value) in &object {
                let array = data_from_json(value)
                    .map_err(|e| ScriptError::other(e.class, format!("{name}: `{input}`: {e}")))?;
                all.push((input.clone(), session.typed(input, array)));
            }
        }
        let one_by_one: Vec<(&str, &str)> = self
            .inputs
            .iter()
            .map(|i| {
                i.split_once('=')
                    .map(|(n, v)| (n.trim(), v.trim()))
                    .ok_or_else(|| ScriptError::other("parse", format!("expected `name=value`, found `{i}`")))
            })
            .collect::<Result<_, _>>()?;
        all.extend(session.data(&one_by_one)?);
        Ok(all)
    }
}
