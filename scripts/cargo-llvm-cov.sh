#!/usr/bin/env bash
# Prints the path of cargo-llvm-cov; installs it under the target folder if the machine has none, and
# the compiler's own LLVM programs, which it calls.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.9.1

host=$(rustc -vV | sed -n 's/^host: //p')
if [ -z "${LLVM_COV:-}" ] && [ ! -x "$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-cov" ]; then
    rustup component add llvm-tools >&2 || {
        echo "coverage needs the compiler's llvm-tools (rustup component add llvm-tools), or LLVM_COV and LLVM_PROFDATA" >&2
        exit 1
    }
fi
if found=$(command -v cargo-llvm-cov) && [ "$(cargo-llvm-cov llvm-cov --version)" = "cargo-llvm-cov $version" ]; then
    echo "$found"
    exit 0
fi
tools=$(scripts/target-dir.sh)/tools
if [ ! -x "$tools/bin/cargo-llvm-cov" ] ||
    [ "$("$tools/bin/cargo-llvm-cov" llvm-cov --version)" != "cargo-llvm-cov $version" ]; then
    CARGO_TARGET_DIR="$tools/build" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 \
        cargo install --locked --quiet cargo-llvm-cov --version "$version" --root "$tools" >&2
    rm -rf "$tools/build"
fi
echo "$tools/bin/cargo-llvm-cov"
