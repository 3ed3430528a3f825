#!/usr/bin/env bash
# Prints the path of cargo-cyclonedx; installs it under the target folder if the machine has none.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.5.9

is_it() { [ "$("$1" cyclonedx --version 2>/dev/null)" = "cargo-cyclonedx-cyclonedx $version" ]; }

if found=$(command -v cargo-cyclonedx) && is_it "$found"; then
    echo "$found"
    exit 0
fi
tools=$(scripts/target-dir.sh)/tools
if ! is_it "$tools/bin/cargo-cyclonedx"; then
    # It runs for a second; time spent on making it fast would be lost.
    CARGO_TARGET_DIR="$tools/build" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 \
        cargo install --locked --quiet cargo-cyclonedx --version "$version" --root "$tools" >&2
    rm -rf "$tools/build"
fi
echo "$tools/bin/cargo-cyclonedx"
