#!/usr/bin/env bash
# Prints the path of cargo-deny; installs it under the target folder if the machine has none.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2

if found=$(command -v cargo-deny) && [ "$(cargo-deny --version)" = "cargo-deny $version" ]; then
    echo "$found"
    exit 0
fi
tools=$(scripts/target-dir.sh)/tools
if [ ! -x "$tools/bin/cargo-deny" ] || [ "$("$tools/bin/cargo-deny" --version)" != "cargo-deny $version" ]; then
    # It runs for three seconds; time spent on making it fast would be lost.
    CARGO_TARGET_DIR="$tools/build" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 \
        cargo install --locked --quiet cargo-deny --version "$version" --root "$tools" >&2
    rm -rf "$tools/build"
fi
echo "$tools/bin/cargo-deny"
