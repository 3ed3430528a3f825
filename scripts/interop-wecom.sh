#!/usr/bin/env bash
# Holds the crate `wecom` against the official npm `@wecom/crypto` and PyPI `wechatpy`: each opens
# what the other sealed. Needs Node with npm and Python 3 with venv; fetches the peers, pinned, into
# the target directory on the first run. The arguments are for cargo (--workspace …), so that nothing
# is compiled with another set of features.
set -euo pipefail
cd "$(dirname "$0")/.."

npm_peer='@wecom/crypto@1.0.1'
pypi_peers=('wechatpy[cryptography]==1.8.18')
corp_id=ww0123456789abcdef
target=$(scripts/target-dir.sh)
cache="$target/interop"
mkdir -p "$cache"
cache="$(cd "$cache" && pwd)"

missing() {
    echo "interop-wecom: $1" >&2
    exit 1
}
command -v npm >/dev/null || missing "npm is missing; install Node.js 20.19 or newer"
if [ ! -e "$cache/python/ready" ]; then
    command -v python3 >/dev/null || missing "python3 is missing; install it (apt-get install python3 python3-venv)"
    python3 -c 'import venv, ensurepip' 2>/dev/null ||
        missing "python3 has no venv; install it (apt-get install python3-venv)"
fi

if [ ! -d "$cache/node/node_modules/@wecom/crypto" ]; then
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$cache/node" "$npm_peer"
fi
if [ ! -e "$cache/python/ready" ]; then
    rm -rf "$cache/python"
    python3 -m venv "$cache/python"
    "$cache/python/bin/pip" install --quiet --disable-pip-version-check "${pypi_peers[@]}"
    touch "$cache/python/ready"
fi

cargo build --quiet "$@" --example interop
interop() { "$target/debug/examples/interop" "$@"; }

# A smart robot has an empty receiver; wechatpy knows applications only.
for receiver in "$corp_id" ''; do
    interop seal "$receiver" >"$cache/ours.jsonl"
    node wecom/tests/interop/peer.mjs "$cache/node" <"$cache/ours.jsonl" >"$cache/npm.jsonl"
    echo "npm @wecom/crypto, receiver '$receiver': opened ours"
    interop open "$receiver" <"$cache/npm.jsonl"
done
interop seal "$corp_id" >"$cache/ours.jsonl"
"$cache/python/bin/python" wecom/tests/interop/peer.py <"$cache/ours.jsonl" >"$cache/pypi.jsonl"
echo "PyPI wechatpy: opened ours"
interop open "$corp_id" <"$cache/pypi.jsonl"
