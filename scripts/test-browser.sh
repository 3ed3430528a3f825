#!/usr/bin/env bash
# Starts the demo on free ports and plays it in a headless browser, once per tests/browser/*.mjs.
# Arguments go to `cargo build`. Pictures and the demo's log stay under the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
READY_WITHIN_SECONDS=60

CHROMIUM=$(scripts/chromium.sh)
export CHROMIUM
target=$(scripts/target-dir.sh)
cargo build "$@" --example demo

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
        console.log(s.address().port); s.close(); })'
}
export BASE_URL="http://127.0.0.1:$(free_port)"
export SANDBOX_URL="http://127.0.0.1:$(free_port)"
export SCREENSHOT_DIR="$target/browser"
log="$SCREENSHOT_DIR/demo.log"
mkdir -p "$SCREENSHOT_DIR"

"$target/debug/examples/demo" --listen "${BASE_URL#http://}" --sandbox "${SANDBOX_URL#http://}" \
    >"$log" 2>&1 </dev/null &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true' EXIT

is_ready() {
    node -e 'Promise.all(process.argv.slice(1).map((url) => fetch(url)))
        .then((answers) => process.exit(answers.every((answer) => answer.ok) ? 0 : 1), () => process.exit(1))' \
        "$BASE_URL/api/health" "$SANDBOX_URL/"
}
for ((waited = 0; ; waited++)); do
    if is_ready; then break; fi
    if ! kill -0 "$demo" 2>/dev/null || [ "$waited" -ge "$READY_WITHIN_SECONDS" ]; then
        echo "the demo did not get ready:" >&2
        tail -n 40 "$log" >&2
        exit 1
    fi
    sleep 1
done

passed=0
failed=0
for script in tests/browser/*.mjs; do
    echo "browser: $script"
    if node "$script"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
if [ "$failed" != 0 ]; then tail -n 40 "$log" >&2; fi
echo "browser: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
