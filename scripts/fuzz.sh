#!/usr/bin/env bash
# Fuzzes what reads bytes from outside: `scripts/fuzz.sh [SECONDS [TARGET …]]`, 60 seconds for each of
# all targets by default; FUZZ_RUNS=N stops after so many inputs instead. The compiler need not be a
# nightly one: libFuzzer's coverage is asked for by flags that stable has, and no sanitizer is used.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(callback_xml robot_json notification planet_pages)
command -v c++ >/dev/null || { echo "fuzz: a C++ compiler is needed for libFuzzer (apt install g++)" >&2; exit 1; }

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# Coverage of our own code and of what parses for it; a host triple keeps build scripts free of it.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="--cfg fuzzing $coverage -Clink-dead-code" cargo build --release --locked --target "$host"

limit=(-max_total_time="$seconds")
[ -z "${FUZZ_RUNS:-}" ] || limit=(-runs="$FUZZ_RUNS")
for target in "${targets[@]}"; do
    found=$CARGO_TARGET_DIR/found/$target
    grown=$CARGO_TARGET_DIR/corpus/$target
    mkdir -p "$found" "$grown"
    echo "=== $target"
    "$CARGO_TARGET_DIR/$host/release/$target" "${limit[@]}" -max_len=65536 -timeout=2 \
        -malloc_limit_mb=64 -rss_limit_mb=512 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$found/" "$grown" "corpus/$target"
done
