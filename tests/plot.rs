//! The plot layer: snapshots of text formats, decoded pictures, errors.
#![allow(clippy::unwrap_used, reason = "tests")]
//! The pictures of the plot layer.

use egrad::plot::{Figure, PlotError, Series, Size, png, svg, terminal};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The colours of the first two series.
const COLORS: [[u8; 3]; 2] = [[0, 114, 178], [213, 94, 0]];

/// The figure of Theano's tutorial: the logistic function and its derivative.
fn logistic() -> Figure {
    let xs: Vec<f64> = (-60..=60).map(|k| f64::from(k) / 10.0).collect();
    let s = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    let value = xs.iter().map(|&x| s(x)).collect();
    let slope = xs.iter().map(|&x| s(x) * (1.0 - s(x))).collect();
    Figure {
        title: "The logistic function and its derivative".into(),
        x_label: "x".into(),
        y_label: "value".into(),
        series: vec![Series::new("s(x)", xs.clone(), value), Series::new("ds(x)/dx", xs, slope)],
    }
}

fn one(xs: &[f64], ys: &[f64]) -> Figure {
    Figure { series: vec![Series::new("f", xs.to_vec(), ys.to_vec())], ..Figure::default() }
}

fn snapshot(name: &str, picture: &str) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, picture) });
}

/// The width and height of a PNG, and its pixels.
fn decode(file: &[u8]) -> (u32, u32, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    (info.width, info.height, bytes.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect())
}

/// The attribute `d` of every element of a class.
fn paths<'a>(svg: &'a str, class: &str) -> Vec<&'a str> {
    let lines = svg.lines().filter(|line| line.contains(&format!("class=\"{class}\"")));
    lines.map(|line| line.split(" d=\"").nth(1).unwrap().split('"').next().unwrap()).collect()
}

#[test]
fn logistic_svg() {
    snapshot("plot__logistic_svg", &svg(&logistic(), Size::default()).unwrap());
}

#[test]
fn logistic_terminal() {
    snapshot("plot__logistic_terminal", &terminal(&logistic(), 80, 24).unwrap());
}

#[test]
fn logistic_png() {
    let file = png(&logistic(), Size::default()).unwrap();
    assert_eq!(file, png(&logistic(), Size::default()).unwrap());
    let (width, height, pixels) = decode(&file);
    assert_eq!((width, height), (640, 480));
    for color in COLORS {
        let ink = pixels.iter().filter(|&&p| p == color).count();
        assert!(ink > 300, "{ink} pixels of {color:?}");
    }
    let paper = pixels.iter().filter(|&&p| p == [255; 3]).count();
    assert!(paper * 10 > pixels.len() * 8, "{paper} white pixels");
    // FNV-1a of the pixels: they may not depend on the machine. Look at the picture before changing it.
    let hash = pixels.iter().flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(format!("{hash:016x}"), "439fa6c32f47a820");
}

#[test]
fn size_scales_the_picture() {
    let (width, height, pixels) = decode(&png(&logistic(), Size { width: 1280, height: 960 }).unwrap());
    assert_eq!((width, height), (1280, 960));
    assert!(pixels.iter().filter(|&&p| p == COLORS[0]).count() > 1200);
}

#[test]
fn the_legend_covers_no_curve() {
    // Only the upper right is free here, and nothing inside there.
    let falling = svg(&one(&[0.0, 1.0, 2.0], &[1.0, 0.1, 0.0]), Size::default()).unwrap();
    let legend = |svg: &str| {
        let line = svg.lines().find(|line| line.contains("class=\"legend\"")).unwrap().to_owned();
        line.split("x=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(legend(&falling) > 500.0);
    let xs: Vec<f64> = (0..1000).map(f64::from).collect();
    let ys: Vec<f64> = xs.iter().map(|x| libm::sin(x * 2.0)).collect();
    let full = svg(&one(&xs, &ys), Size::default()).unwrap();
    let frame = full.lines().find(|line| line.contains("class=\"frame\"")).unwrap();
    let number = |name: &str| {
        let after = frame.split(&format!(" {name}=\"")).nth(1).unwrap();
        after.split('"').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(legend(&full) >= number("x") + number("width"));
}

#[test]
fn bad_points_break_the_line() {
    let ys = [0.0, 1.0, f64::NAN, 1.0, f64::INFINITY, 1.0, 0.0];
    let picture = svg(&one(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &ys), Size::default()).unwrap();
    assert_eq!(paths(&picture, "curve")[0].matches('M').count(), 2);
    assert_eq!(paths(&picture, "dots")[0].matches('M').count(), 1);
}

/// Points apart from each other keep clear of the frame, and are dots in the legend too.
#[test]
fn dots_are_whole() {
    let gap = f64::NAN;
    let runs = |svg: &str, class: &str| paths(svg, class)[0].matches('M').count();
    let dots = svg(&one(&[0.0, gap, 1.0], &[0.0, gap, 1.0]), Size::default()).unwrap();
    let curve = svg(&one(&[0.0, 1.0], &[0.0, 1.0]), Size::default()).unwrap();
    assert_eq!((runs(&dots, "dots"), runs(&dots, "sample"), runs(&curve, "sample")), (2, 3, 1));
    let left = |svg: &str, class: &str| {
        let at = paths(svg, class)[0].trim_start_matches('M').to_string();
        at.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(left(&dots, "dots") > left(&curve, "curve") + 20.0, "{dots}");
}

#[test]
fn constants_and_single_points_are_drawn() {
    let constant = svg(&one(&[0.0, 1.0], &[4.0, 4.0]), Size::default()).unwrap();
    assert!(constant.contains(">4.0<") && constant.contains(">2.0<") && constant.contains(">6.0<"));
    let text = terminal(&one(&[3.0], &[0.0]), 40, 12).unwrap();
    assert!(text.contains(" 0.0 ┤") || text.contains(" 0 ┤"), "{text}");
    let (_, _, pixels) = decode(&png(&one(&[3.0], &[0.0]), Size::default()).unwrap());
    assert!(pixels.iter().filter(|&&p| p == COLORS[0]).count() > 30);
}

#[test]
fn labels_are_escaped_and_shortened() {
    let mut figure = logistic();
    figure.title = format!("a < b & c > d\n{}", "long ".repeat(100));
    figure.series[0].label = "s(x) ".repeat(50);
    let picture = svg(&figure, Size::default()).unwrap();
    assert!(picture.contains(">a &lt; b &amp; c &gt; d long") && picture.contains('…'));
    let text = terminal(&figure, 60, 20).unwrap();
    assert!(text.lines().count() == 20 && text.lines().all(|line| line.chars().count() <= 60), "{text}");
}

#[test]
fn many_series_have_a_legend_that_ends() {
    let series = (0..60).map(|k| Series::new(format!("f{k}"), vec![0.0, 1.0], vec![0.0, f64::from(k)]));
    let picture = svg(&Figure { series: series.collect(), ..Figure::default() }, Size::default()).unwrap();
    assert!(picture.contains(">and 38 more<"), "{picture}");
}

#[test]
fn errors_are_typed() {
    let all = |figure: &Figure| {
        let errors = [
            svg(figure, Size::default()).unwrap_err(),
            png(figure, Size::default()).unwrap_err(),
            terminal(figure, 80, 24).unwrap_err(),
        ];
        assert!(errors.iter().all(|e| *e == errors[0]));
        errors[0].clone()
    };
    assert_eq!(all(&Figure::default()), PlotError::NoSeries);
    let label = String::from("f");
    assert_eq!(all(&one(&[], &[])), PlotError::NoPoints { label: label.clone() });
    assert_eq!(all(&one(&[0.0, f64::NAN], &[f64::NAN, 1.0])), PlotError::NoPoints { label: label.clone() });
    assert_eq!(all(&one(&[0.0], &[])), PlotError::Lengths { label, xs: 1, ys: 0 });
    assert_eq!(all(&one(&[0.0, 1.0], &[-f64::MAX, f64::MAX])), PlotError::Span { axis: 'y' });
    assert_eq!(all(&one(&[-f64::MAX, f64::MAX], &[0.0, 1.0])), PlotError::Span { axis: 'x' });
    assert_eq!(all(&one(&[0.0], &[])).to_string(), "series `f` has 1 x values but 0 y values");
}

#[test]
fn bad_sizes_are_errors() {
    for (width, height) in [(0, 0), (640, 10), (10, 480), (9000, 480), (640, u32::MAX)] {
        let size = Size { width, height };
        assert!(matches!(svg(&logistic(), size), Err(PlotError::Size { .. })));
        assert!(matches!(png(&logistic(), size), Err(PlotError::Size { .. })));
    }
    for (columns, rows) in [(0, 0), (80, 9), (31, 24), (1001, 24), (80, usize::MAX)] {
        assert!(matches!(terminal(&logistic(), columns, rows), Err(PlotError::Size { .. })));
    }
    // The error says what would do.
    let error = terminal(&logistic(), 32, 9).unwrap_err();
    assert_eq!(error.to_string(), "a size of 32x9 is outside 32x10 to 1000x1000");
    assert!(terminal(&logistic(), 32, 10).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// Any numbers at all are drawn or refused, and a picture of text keeps to its size.
    #[test]
    fn nothing_panics(
        points in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..12),
        scale in prop_oneof![Just(1.0), Just(1e-300), Just(1e-9), Just(1e9)],
        offset in prop_oneof![Just(0.0), Just(1.0), Just(1e15)],
        label in any::<String>(),
        width in 240..700_u32, height in 180..500_u32, columns in 32..90_usize, rows in 10..30_usize,
    ) {
        let squeeze = |v: f64| if v.is_finite() { libm::tanh(v) * scale + offset } else { v };
        let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let near = |vs: &[f64]| vs.iter().map(|&v| squeeze(v)).collect();
        let series = vec![
            Series::new(label.clone(), near(&xs), near(&ys)),
            Series::new("g", xs, ys),
        ];
        for series in series {
            let figure = Figure { title: label.clone(), x_label: label.clone(), y_label: label.clone(), series: vec![series] };
            let size = Size { width, height };
            prop_assert_eq!(svg(&figure, size).is_ok(), png(&figure, size).is_ok());
            if let Ok(text) = terminal(&figure, columns, rows) {
                prop_assert_eq!(text.lines().count(), rows);
                prop_assert!(text.lines().all(|line| line.chars().count() <= columns), "{}", text);
            }
        }
    }
}
