#!/usr/bin/env bash
# Runs every Rust test on SQLite and on a throwaway PostgreSQL cluster, and says how many there were.
# Arguments go to `cargo test`. CAMPKEEPER_TEST_POSTGRES names a server that is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${CAMPKEEPER_TEST_POSTGRES:-}" ]; then
    # A cluster of its own: other runs on this machine keep theirs when this one ends.
    CAMPKEEPER_TEST_PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/campkeeper-tests.XXXXXX")
    export CAMPKEEPER_TEST_PG_DIR
    trap 'scripts/test-postgres.sh stop; rm -rf "$CAMPKEEPER_TEST_PG_DIR"' EXIT
    CAMPKEEPER_TEST_POSTGRES=$(scripts/test-postgres.sh)
    export CAMPKEEPER_TEST_POSTGRES
fi

results=$(scripts/target-dir.sh)/test-rust.log
mkdir -p "$(dirname "$results")"
status=0
cargo test --no-fail-fast "$@" 2>&1 | tee "$results" || status=$?
awk '/^test result:/ { passed += $4; failed += $6 }
     END { printf "cargo test: %d passed, %d failed\n", passed, failed }' "$results"
exit "$status"
