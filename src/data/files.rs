//! Arrays from files.

use std::io::Read;
use std::path::Path;

use ndarray::ArrayD;
use ndarray_npy::ReadNpyExt;

use super::exact::Numbers;
use super::{Data, DataError, parse_data};

/// Bytes of a text file beyond which it is not read.
const TEXT_LIMIT: u64 = 1 << 30;

/// The value of an input: a literal, `-` for standard input, or the name of a `.npy`, `.csv` or
/// `.json` file (an `@` in front forces a file of any name).
///
/// # Errors
/// The file cannot be read or does not hold an array of numbers.
pub fn read_input(text: &str) -> Result<Data, DataError> {
    let text = text.trim();
    if text == "-" {
        let mut all = String::new();
        std::io::stdin()
            .take(TEXT_LIMIT)
            .read_to_string(&mut all)
            .map_err(|e| DataError::new("io", format!("standard input: {e}")))?;
        return if all.trim_start().starts_with('[') {
            parse_data(&all)
        } else {
            csv(all.as_bytes(), "standard input")
        };
    }
    if let Some(path) = text.strip_prefix('@') {
        return read_data(Path::new(path));
    }
    let known = ["npy", "csv", "json", "txt"];
    let path = Path::new(text);
    if path.extension().and_then(|e| e.to_str()).is_some_and(|e| known.contains(&e)) {
        return read_data(path);
    }
    parse_data(text)
}

/// An array from a file; its kind is told by its extension. CSV is a matrix of numbers; a first
/// line that is not numbers is a header, and a single column is a vector.
///
/// # Errors
/// The file cannot be read or does not hold an array of numbers.
pub fn read_array(path: &Path) -> Result<ArrayD<f64>, DataError> {
    Ok(read_data(path)?.into_floats())
}

/// [`read_array`], with integers as they are.
///
/// # Errors
/// As there.
pub fn read_data(path: &Path) -> Result<Data, DataError> {
    let name = path.display().to_string();
    let failed = |e: &dyn std::fmt::Display| DataError::new("io", format!("{name}: {e}"));
    let about = std::fs::metadata(path).map_err(|e| failed(&e))?;
    if about.is_dir() {
        return Err(failed(&"is a directory"));
    }
    match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => {
            if about.is_file() {
                promised(path, &name, about.len())?;
            }
            npy(path, &name)
        }
        Some("csv" | "txt") => csv(std::fs::File::open(path).map_err(|e| failed(&e))?, &name),
        _ => {
            let text = std::fs::read_to_string(path).map_err(|e| failed(&e))?;
            parse_data(&text).map_err(|e| DataError::new(e.class, format!("{name}: {e}")))
        }
    }
}

/// Refuses a header that promises more elements than the file has bytes, before memory is asked for.
fn promised(path: &Path, name: &str, bytes: u64) -> Result<(), DataError> {
    let mut start = Vec::new();
    std::fs::File::open(path)
        .and_then(|f| f.take(1 << 16).read_to_end(&mut start))
        .map_err(|e| DataError::new("io", format!("{name}: {e}")))?;
    let header = String::from_utf8_lossy(&start);
    let shape = header.split_once("'shape':").and_then(|(_, s)| s.trim_start().strip_prefix('('));
    let dims = shape.and_then(|s| s.split_once(')')).map_or("", |(dims, _)| dims);
    let lengths = dims.split(',').filter_map(|n| n.trim().parse::<u64>().ok());
    let elements = lengths.fold(1u64, u64::saturating_mul);
    if elements > bytes {
        let message = format!("{name}: the header says {elements} elements, and the file has {bytes} bytes");
        return Err(DataError::new("parse", message));
    }
    Ok(())
}

fn npy(path: &Path, name: &str) -> Result<Data, DataError> {
    let open = || std::fs::File::open(path).map_err(|e| DataError::new("io", format!("{name}: {e}")));
    let first = match ArrayD::<f64>::read_npy(open()?) {
        Ok(a) => return Ok(Data::Floats(a)),
        Err(e) => e,
    };
    if let Ok(a) = ArrayD::<f32>::read_npy(open()?) {
        return Ok(Data::Floats(a.mapv(f64::from)));
    }
    if let Ok(a) = ArrayD::<i64>::read_npy(open()?) {
        return Ok(Data::Integers(a));
    }
    if let Ok(a) = ArrayD::<i32>::read_npy(open()?) {
        return Ok(Data::Integers(a.mapv(i64::from)));
    }
    if let Ok(a) = ArrayD::<i16>::read_npy(open()?) {
        return Ok(Data::Integers(a.mapv(i64::from)));
    }
    if let Ok(a) = ArrayD::<i8>::read_npy(open()?) {
        return Ok(Data::Integers(a.mapv(i64::from)));
    }
    if let Ok(a) = ArrayD::<bool>::read_npy(open()?) {
        return Ok(Data::Integers(a.mapv(i64::from)));
    }
    Err(DataError::new("parse", format!("{name}: {first}")))
}

fn csv(input: impl Read, name: &str) -> Result<Data, DataError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(input);
    let mut numbers = Numbers::default();
    let mut width = None;
    let mut rows = 0usize;
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|e| {
            let class = if e.is_io_error() { "io" } else { "parse" };
            DataError::new(class, format!("{name}: {e}"))
        })?;
        let parsed: Result<Vec<(f64, Option<i64>)>, usize> = record
            .iter()
            .enumerate()
            .map(|(i, f)| f.parse::<f64>().map(|x| (x, f.parse().ok())).map_err(|_| i))
            .collect();
        let row = match parsed {
            Ok(row) => row,
            Err(_) if line == 0 => continue,
            Err(i) => {
                let shown: String = record.get(i).unwrap_or("").chars().take(40).collect();
                return Err(DataError::new(
                    "parse",
                    format!("{name}:{}: column {}: `{shown}` is not a number", line + 1, i + 1),
                ));
            }
        };
        if *width.get_or_insert(row.len()) != row.len() {
            let w = width.unwrap_or(0);
            return Err(DataError::new(
                "shape",
                format!("{name}:{}: {} values where other lines have {w}", line + 1, row.len()),
            ));
        }
        rows += 1;
        row.into_iter().for_each(|(x, integer)| numbers.push(x, integer));
    }
    let dims = match width {
        None => vec![0],
        Some(1) => vec![rows],
        Some(w) => vec![rows, w],
    };
    numbers.shaped(&dims).map_err(|e| DataError::new("shape", format!("{name}: {e}")))
}
