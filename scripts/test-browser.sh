#!/usr/bin/env bash
# Plays each tests/browser/*.mjs in a headless browser, on a demo of its own: a play may move the
# time. Names of plays as arguments before `--` play those alone; what follows goes to `cargo build`.
# Pictures and the demos' logs stay under the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
READY_WITHIN_SECONDS=120

plays=()
while [ $# != 0 ] && [ "${1#-}" = "$1" ]; do plays+=("tests/browser/$1.mjs"); shift; done
if [ "${1:-}" = -- ]; then shift; fi
if [ "${#plays[@]}" = 0 ]; then plays=(tests/browser/*.mjs); fi

CHROMIUM=$(scripts/chromium.sh)
export CHROMIUM
target=$(scripts/target-dir.sh)
cargo build "$@" --example demo
export SCREENSHOT_DIR="$target/browser"
mkdir -p "$SCREENSHOT_DIR"

demo=
folder=$(mktemp -d)
stop_demo() {
    if [ -n "$demo" ]; then
        kill "$demo" 2>/dev/null || true
        wait "$demo" 2>/dev/null || true
        demo=
    fi
}
trap 'stop_demo; rm -rf "$folder"' EXIT

# Starts a demo on ports that the system chooses, and waits for its last line.
start_demo() {
    local log=$1 waited ready
    : >"$log"
    "$target/debug/examples/demo" --listen 127.0.0.1:0 --sandbox 127.0.0.1:0 \
        --folder "$folder/demo" >"$log" 2>&1 </dev/null &
    demo=$!
    for ((waited = 0; ; waited++)); do
        if ready=$(grep '^demo ready ' "$log"); then break; fi
        if ! kill -0 "$demo" 2>/dev/null || [ "$waited" -ge "$READY_WITHIN_SECONDS" ]; then
            echo "the demo did not get ready:" >&2
            tail -n 40 "$log" >&2
            return 1
        fi
        sleep 1
    done
    BASE_URL=$(sed -E 's/.* app=([^ ]+).*/\1/' <<<"$ready")
    SANDBOX_URL=$(sed -E 's/.* sandbox=([^ ]+).*/\1/' <<<"$ready")
    export BASE_URL SANDBOX_URL
}

passed=0
failed=0
for script in "${plays[@]}"; do
    log="$SCREENSHOT_DIR/$(basename "$script" .mjs).log"
    echo "browser: $script"
    start_demo "$log"
    if node "$script"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 40 "$log" >&2
    fi
    stop_demo
done
echo "browser: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
