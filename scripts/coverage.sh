#!/usr/bin/env bash
# Prints how many lines the Rust tests run: a line for the whole, a table by file under the target
# folder. Arguments go to `cargo test`. It builds in a folder of its own, since all is compiled anew.
set -euo pipefail
cd "$(dirname "$0")/.."

cov=$(scripts/cargo-llvm-cov.sh)
CARGO_TARGET_DIR=$(scripts/target-dir.sh)/coverage
export CARGO_TARGET_DIR
environment=$("$cov" llvm-cov show-env --sh)
eval "$environment"
"$cov" llvm-cov clean --profraw-only

status=0
scripts/test-rust.sh "$@" || status=$?
table=$CARGO_TARGET_DIR/coverage.txt
# The stand-ins are no product.
"$cov" llvm-cov report --summary-only --package campkeeper --package wecom >"$table"
awk -v table="$table" '$1 == "TOTAL" { printf "coverage: %s of %d lines; by file: %s\n", $10, $8, table }' "$table"
exit "$status"
