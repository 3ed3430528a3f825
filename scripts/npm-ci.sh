#!/usr/bin/env bash
# Installs the npm packages that h5/package-lock.json names.
set -euo pipefail
cd "$(dirname "$0")/../h5"
if ! command -v npm >/dev/null; then
    echo "Node.js is missing: install version 20.19 or newer, with npm (https://nodejs.org)" >&2
    exit 1
fi
npm ci --no-audit --no-fund
# make compares times; npm keeps that of the package.
touch node_modules/.package-lock.json
