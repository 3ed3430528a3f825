#!/usr/bin/env bash
# Writes what is generated from the code: the OpenAPI file, the types that the pages take from it, and
# the page of the schema.
# With --check it writes nothing and fails if a committed file is not what the code says.
# Other arguments go to `cargo build`.
set -euo pipefail
cd "$(dirname "$0")/.."
check=false
if [ "${1:-}" = --check ]; then check=true; shift; fi

# A test besides: with it the build has the features of `cargo test`, and shares its work.
cargo build "$@" --bin campkeeper --test architecture
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$(scripts/target-dir.sh)/debug/campkeeper" openapi >"$made/openapi.json"
# 0.95 of the generator is the last that runs on Node.js 20. A path without a slash in front would be
# looked up in its makers' registry.
(cd h5 && npx --no-install openapi-ts --silent --no-log-file --plugins @hey-api/typescript \
    --input "$made/openapi.json" --output "$made/types")
mv "$made/types/types.gen.ts" "$made/openapi.d.ts"

status=0
for pair in openapi.json:h5/api/openapi.json openapi.d.ts:h5/api/src/openapi.d.ts; do
    new=$made/${pair%%:*}
    kept=${pair##*:}
    if [ "$check" = false ]; then
        cp "$new" "$kept"
    elif ! diff -u "$kept" "$new" >&2; then
        echo "$kept is not what the code says: run \`make generate\`" >&2
        status=1
    fi
done
if [ "$check" = true ]; then
    node scripts/schema.mjs --check || status=1
else
    node scripts/schema.mjs
fi
exit "$status"
