//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::compare::Versus;
use super::discover::Discover;
use super::egraphs::{Export, Extract};
use super::explain::Explain;
use super::values::Values;

/// Symbolic gradients, simplified by equality saturation and run as fused loops.
#[derive(Debug, Parser)]
#[command(name = "egrad", version, about, max_term_width = 100, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  egrad grad 'x ** 2' --wrt x
  egrad grad 'sum(1 / (1 + exp(-x)))' -d 'x: dmatrix' --wrt x -i 'x=[[0, 1], [-1, -2]]'
  egrad eval 'mean((X @ w - y) ** 2)' -d 'X: dmatrix' -d 'w, y: dvector' -i X=X.npy -i w=w.csv -i y=y.csv
  egrad plot '1 / (1 + exp(-x))' --var x --from -6 --to 6 --grad -o logistic.svg
  egrad run examples/tutorial.eg
  egrad rules check my.rules
  egrad discover exp expm1 log log1p + --vars 1 -o found.rules

The language: + - * / ** @, comparisons, calls (exp, log, tanh, sigmoid, sum(x, axis=0), where(c, a, b), ...),
x[1:, ::2], x.T, lines `name = expression`. Declarations: `x: f64[3, n]`, `w, b: dvector`, `M: dmatrix`.
Without any declaration every free name is a scalar of doubles.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print an expression as Theano's pp does.
    Pp(Text),
    /// Differentiate: the gradient as built, then optimized, with costs (and values, given inputs).
    Grad(Grad),
    /// Optimize an expression.
    Opt(Opt),
    /// Evaluate an expression, optimized, and compare it with itself as written.
    Eval(Eval),
    /// Compare the gradient of an expression with finite differences; exit code 5 if it is wrong.
    Verify(Verify),
    /// Draw an expression over one input, as SVG, PNG or in the terminal.
    Plot(Plot),
    /// Explain an optimization: the chain of named rewrites, and its check.
    Explain(Explain),
    /// Saturate an e-graph and write it as JSON or as a picture.
    Egraph(Export),
    /// Choose the cheapest terms of an e-graph in a JSON file.
    Extract(Extract),
    /// List or check rules.
    Rules(Rules),
    /// Search for rules that do not follow from those that are there.
    Discover(Discover),
    /// Run `.eg` scripts.
    Run(Run),
    /// Answer the JSON-lines case protocol: one case per line in, one answer per line out.
    Batch(Batch),
}

/// An expression and its declarations.
#[derive(Debug, Clone, Args)]
pub(super) struct Text {
    /// The expression, a program of several lines, `-` for standard input, or `@FILE`.
    #[arg(required_unless_present = "file", conflicts_with = "file", allow_hyphen_values = true)]
    pub(super) text: Option<String>,
    /// More of them; each may use what those before it define.
    #[arg(value_name = "MORE")]
    pub(super) more: Vec<String>,
    /// A file with the expression or program.
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Declarations such as `x: f64[3, n]` (may be repeated).
    #[arg(short, long = "decl", value_name = "DECL")]
    pub(super) decls: Vec<String>,
    /// The text is an S-expression.
    #[arg(long)]
    pub(super) sexp: bool,
    /// How expressions are printed.
    #[arg(long, value_enum, default_value_t = Form::Auto)]
    pub(super) form: Form,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// How expressions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// The tree, or the let-form where that would be long.
    Auto,
    /// Theano's text, whatever its length.
    Tree,
    /// Shared parts named: `t0 = ...`.
    Let,
    /// What the text defines as lines of their own, then the results: `return ...`.
    Program,
    /// The input language.
    Plain,
    /// S-expression.
    Sexp,
    /// A tree with an identity for every node.
    Debug,
    /// LaTeX.
    Latex,
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How to optimize.
#[derive(Debug, Clone, Args)]
pub(super) struct Optimizer {
    /// What rules may assume: ieee (same bits), strict (equal over the reals, NaN and infinity kept)
    /// or real (equal wherever the original is defined).
    #[arg(long, default_value = "real", value_parser = ["ieee", "strict", "real"])]
    pub(super) profile: String,
    /// A rule file to use beside the standard rules (may be repeated).
    #[arg(long = "rules", value_name = "FILE")]
    pub(super) rules: Vec<PathBuf>,
    /// Leave the standard rules out.
    #[arg(long)]
    pub(super) no_standard: bool,
    /// Do not check the rules of files before using them.
    #[arg(long)]
    pub(super) trust: bool,
    /// Leave out a rule, or all rules of a tag (may be repeated).
    #[arg(long = "disable", value_name = "RULE|TAG")]
    pub(super) disable: Vec<String>,
    /// How terms are chosen.
    #[arg(long, default_value = "default")]
    pub(super) extractor: String,
    /// Assumed length of a symbol, for costs: `n=1000` (may be repeated).
    #[arg(long = "size", value_name = "SYMBOL=N")]
    pub(super) sizes: Vec<String>,
    /// Print the report: costs, e-nodes, rules that fired.
    #[arg(long)]
    pub(super) report: bool,
}

#[derive(Debug, Args)]
pub(super) struct Grad {
    #[command(flatten)]
    pub(super) text: Text,
    /// What to differentiate by, separated by commas; the gradients are optimized together.
    #[arg(long, value_name = "NAMES")]
    pub(super) wrt: String,
    /// Only the gradient as built.
    #[arg(long)]
    pub(super) raw: bool,
    #[command(flatten)]
    pub(super) values: Values,
    #[command(flatten)]
    pub(super) optimizer: Optimizer,
}

#[derive(Debug, Args)]
pub(super) struct Opt {
    #[command(flatten)]
    pub(super) text: Text,
    /// Print the forms that no other beats in both cost and error, measured against 75 digits.
    #[arg(long)]
    pub(super) frontier: bool,
    /// Pictures of the frontier to write, .svg or .png (may be repeated).
    #[arg(short, long = "output", value_name = "FILE", requires = "frontier")]
    pub(super) outputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) optimizer: Optimizer,
    #[command(flatten)]
    pub(super) versus: Versus,
}

#[derive(Debug, Args)]
pub(super) struct Eval {
    #[command(flatten)]
    pub(super) text: Text,
    #[command(flatten)]
    pub(super) values: Values,
    /// Also the gradient by these names, separated by commas.
    #[arg(long, value_name = "NAMES")]
    pub(super) wrt: Option<String>,
    #[command(flatten)]
    pub(super) optimizer: Optimizer,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    pub(super) text: Text,
    #[command(flatten)]
    pub(super) values: Values,
    /// What to differentiate by, separated by commas.
    #[arg(long, value_name = "NAMES")]
    pub(super) wrt: String,
    /// Random projections that are tried.
    #[arg(long, default_value_t = 2)]
    pub(super) tests: usize,
    /// Where the random numbers begin.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// The step of the differences; 1e-7 for f64.
    #[arg(long)]
    pub(super) eps: Option<f64>,
    /// Absolute tolerance; 1e-4 for f64.
    #[arg(long)]
    pub(super) abs_tol: Option<f64>,
    /// Relative tolerance; 1e-4 for f64. An element fails where it is beyond both.
    #[arg(long)]
    pub(super) rel_tol: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct Plot {
    #[command(flatten)]
    pub(super) text: Text,
    /// The input that varies.
    #[arg(long, default_value = "x")]
    pub(super) var: String,
    /// From here.
    #[arg(long, allow_hyphen_values = true, default_value = "-6")]
    pub(super) from: f64,
    /// To here.
    #[arg(long, allow_hyphen_values = true, default_value = "6")]
    pub(super) to: f64,
    /// Draw the derivative too.
    #[arg(long)]
    pub(super) grad: bool,
    /// Files to write, .svg or .png (may be repeated); the terminal if there are none.
    #[arg(short, long = "output", value_name = "FILE")]
    pub(super) outputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) values: Values,
    #[command(flatten)]
    pub(super) optimizer: Optimizer,
}

#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    pub(super) action: RulesAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesAction {
    /// List rules: name, equation, assumptions, why.
    List {
        /// Rule files; the standard rules if there are none.
        files: Vec<PathBuf>,
        /// Text or JSON.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Test rules against what they state, on samples; exit code 5 if one is refuted.
    Check {
        /// Rule files; the standard rules if there are none.
        files: Vec<PathBuf>,
        /// Text or JSON.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// List the conditions and attribute functions that rules can use.
    Conditions,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Scripts; `-` for standard input.
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) optimizer: Optimizer,
}

#[derive(Debug, Args)]
pub(super) struct Batch {
    /// The cases; standard input if there is none.
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) optimizer: Optimizer,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn no_two_arguments_share_a_name() {
        super::Cli::command().debug_assert();
    }
}
