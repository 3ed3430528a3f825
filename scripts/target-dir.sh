#!/usr/bin/env bash
# Prints where cargo builds, whatever its configuration says.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo metadata --no-deps --offline --format-version 1 |
    sed -E 's/.*"target_directory":"([^"]*)".*/\1/'
