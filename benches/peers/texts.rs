//! The workloads in egrad's own language: what a user would write, nothing simplified by hand.

/// The program of a workload in an element type, whose results are the gradients in the order of the
/// peers.
pub(crate) fn text(workload: &str, dtype: &str) -> Option<String> {
    let doubles = doubles(workload)?;
    match dtype {
        "f64" => Some(doubles.replace("count(", "(")),
        // Lengths are wide integers; a quotient by one would be a double.
        "f32" => Some(doubles.replace("f64", "f32").replace("count(", "f32(")),
        _ => None,
    }
}

fn doubles(workload: &str) -> Option<String> {
    let elementwise = |inputs: &str, body: &str| {
        let list = inputs.split(", ").collect::<Vec<_>>().join(", ");
        format!("{inputs}: f64[n]\ngrad(sum({body}), [{list}])")
    };
    Some(match workload {
        "square" => elementwise("x", "x ** 2"),
        "dlogistic" => elementwise("x", "1 / (1 + exp(-x))"),
        "softplus" => elementwise("x", "log(1 + exp(x))"),
        "logcosh" => elementwise("x", "log(cosh(x))"),
        "gelu_erf" => elementwise("x", "0.5 * x * (1 + erf(x / sqrt(2.0)))"),
        "gelu_tanh" => elementwise("x", "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))"),
        "swish" => elementwise("x", "x / (1 + exp(-x))"),
        "gnll_vec" => elementwise(
            "x, mu, sigma",
            "0.5 * log(6.283185307179586 * sigma ** 2) + (x - mu) ** 2 / (2 * sigma ** 2)",
        ),
        "gnll_scalar" => "x: f64[n]\nmu, sigma: f64\n\
            cost = sum(0.5 * log(6.283185307179586 * sigma ** 2) + (x - mu) ** 2 / (2 * sigma ** 2))\n\
            grad(cost, [x, mu, sigma])"
            .into(),
        "rosenbrock" => "x: f64[n]\na = x[:-1]\nb = x[1:]\n\
            grad(sum(100 * (b - a ** 2) ** 2 + (1 - a) ** 2), [x])"
            .into(),
        "logreg" | "hvp_logreg" => {
            let model = "p = 1 / (1 + exp(-(X @ w + b)))\n\
                cost = sum(-y * log(p) - (1 - y) * log(1 - p)) / count(y.shape[0])\n";
            if workload == "logreg" {
                format!("X: f64[m, k]\ny: f64[m]\nw: f64[k]\nb: f64\n{model}grad(cost, [w, b])")
            } else {
                format!(
                    "X: f64[m, k]\ny: f64[m]\nw, v: f64[k]\nb: f64\n{model}grad(sum(grad(cost, w) * v), [w])"
                )
            }
        }
        "softmax_xent" => "z, y: f64[m, k]\n\
            grad(sum(logsumexp(z, axis=1) - sum(y * z, axis=1)) / count(z.shape[0]), [z])"
            .into(),
        "mlp2" => layers(2),
        "mlp4" => layers(4),
        "black_scholes" => "S, K, T, r, v: f64[n]\n\
            sq = v * sqrt(T)\n\
            d1 = (log(S / K) + (r + 0.5 * v ** 2) * T) / sq\n\
            d2 = d1 - sq\n\
            n1 = 0.5 * (1 + erf(d1 * 0.7071067811865475))\n\
            n2 = 0.5 * (1 + erf(d2 * 0.7071067811865475))\n\
            grad(sum(S * n1 - K * exp(-r * T) * n2), [S, K, T, r, v])"
            .into(),
        "chain30" => {
            let mut lines = String::from("x, y: f64[n]\na0 = x * y + 0.5\n");
            for i in 0..6 {
                let (next, c) = (i + 1, 0.3 + 0.1 * f64::from(i));
                lines.push_str(&format!("a{next} = a{i} * x - {c} * y + a{i} * a{i} * 0.01\n"));
            }
            lines + "grad(sum(a6), [x, y])"
        }
        "gmm" => "alphas: f64[k]\nmeans, q: f64[k, d]\nL: f64[k, d, d]\nx: f64[n, d]\nmask: f64[d, d]\n\
            Q = exp(q)\nM = L * mask\n\
            c = x[None, :, :] - means[:, None, :]\n\
            z = Q[:, None, :] * c + sum(c[:, :, None, :] * M[:, None, :, :], axis=3)\n\
            inner = alphas[:, None] + sum(q, axis=1)[:, None] - 0.5 * sum(z ** 2, axis=2)\n\
            prior = sum(0.5 * (sum(Q ** 2, axis=1) + sum(sum(M ** 2, axis=2), axis=1)))\n\
            cost = sum(logsumexp(inner, axis=0)) - count(x.shape[0]) * logsumexp(alphas, axis=0) + prior\n\
            grad(cost, [alphas, means, q, L])"
            .into(),
        "scalar200" => {
            let mut lines = String::from("a, b, c: f64\nt0 = a * b + c\n");
            for i in 1..12 {
                let (t, k) = (i - 1, 0.1 * f64::from(i));
                lines.push_str(&format!(
                    "t{i} = sin({k} * a + b) * exp(-{k} * c * c) + log(1 + a * a + t{t} * t{t}) / (1 + b * b) \
                     + 0.05 * t{t} * sqrt(1 + c * c + {k})\n"
                ));
            }
            lines + "grad(t11, [a, b, c])"
        }
        "layernorm" => "x, c: f64[m, k]\ng, b: f64[k]\n\
            d = x - sum(x, axis=1)[:, None] / count(x.shape[1])\n\
            var = sum(d ** 2, axis=1)[:, None] / count(x.shape[1])\n\
            grad(sum((d / sqrt(var + 1e-5) * g + b) * c), [x, g, b])"
            .into(),
        "attention" => "Q, K, V, C: f64[s, d]\n\
            P = softmax(Q @ K.T / sqrt(count(Q.shape[1])), axis=1)\n\
            grad(sum((P @ V) * C), [Q, K, V])"
            .into(),
        _ => return None,
    })
}

/// A perceptron of `count` layers, `tanh` between them, squared error.
fn layers(count: usize) -> String {
    let mut lines = String::from("X, Y: f64[n, w]\n");
    let mut wrt = Vec::new();
    for i in 0..count {
        lines.push_str(&format!("W{i}: f64[w, w]\nb{i}: f64[w]\n"));
        wrt.push(format!("W{i}, b{i}"));
    }
    let mut h = String::from("X");
    for i in 0..count {
        lines.push_str(&if i + 1 < count {
            format!("h{i} = tanh({h} @ W{i} + b{i})\n")
        } else {
            format!("h{i} = {h} @ W{i} + b{i}\n")
        });
        h = format!("h{i}");
    }
    lines + &format!("grad(sum(({h} - Y) ** 2) / count(Y.shape[0] * Y.shape[1]), [{}])", wrt.join(", "))
}
