#!/bin/sh
# Everything that must hold. Run it before you push; CI runs it too.
#
#   ./check.sh          all of it
#   ./check.sh quick    formatting and lints only
set -eu
cd "$(dirname "$0")"
export INSTA_UPDATE=no

echo "== formatting"
cargo fmt --check
echo "== lints"
cargo clippy --all-targets --locked -- -D warnings
[ "${1:-}" = quick ] && exit 0
echo "== documents"
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --quiet
echo "== tests"
cargo test --locked
echo "== examples"
for example in examples/*.rs; do
    cargo run --quiet --locked --example "$(basename "$example" .rs)" >/dev/null
done
echo "== all checks passed"
