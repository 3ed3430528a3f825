#!/usr/bin/env bash
# Plays the browser plays that take pictures for the manuals, and puts these into docs/manual/images.
# Arguments go to `cargo build`.
set -euo pipefail
cd "$(dirname "$0")/.."

made=$(scripts/target-dir.sh)/browser/manual
rm -rf "$made"
mapfile -t plays < <(grep -l 'stage\.manual(' tests/browser/*.mjs | xargs -n 1 basename --suffix=.mjs)
scripts/test-browser.sh "${plays[@]}" -- "$@"

rm -f docs/manual/images/*.webp
mkdir -p docs/manual/images
cp "$made"/*.webp docs/manual/images/
du -cb docs/manual/images/*.webp | tail -n 1
