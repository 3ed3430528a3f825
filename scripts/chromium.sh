#!/usr/bin/env bash
# Prints the path of a Chromium or Chrome; installs Debian's if there is none and we may, with a font
# for the Chinese on our pages.
set -euo pipefail

find_browser() {
    if [ -n "${CHROMIUM:-}" ]; then echo "$CHROMIUM"; return; fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name"; then return; fi
    done
    mac='/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    if [ -x "$mac" ]; then echo "$mac"; fi
}

browser=$(find_browser)
if [ -z "$browser" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        chromium fonts-wqy-microhei; } >&2
    browser=$(find_browser)
fi
if [ -z "$browser" ]; then
    echo "Chromium is missing: install it (Debian: apt-get install chromium), or set CHROMIUM to a Chrome's path" >&2
    exit 1
fi
echo "$browser"
