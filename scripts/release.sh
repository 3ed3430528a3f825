#!/usr/bin/env bash
# Builds the archive of a release: the program with its pages, deploy files, documents, texts, and the
# list of what it was built from (CycloneDX), if cargo-cyclonedx is there or can be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same sources make the same archive: whatever writes a time into it takes this one.
moment=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH=$moment

cargo build --release --locked --package campkeeper
target=$(scripts/target-dir.sh)
program=$target/release/campkeeper
version=$("$program" --version | cut -d' ' -f2)
name=campkeeper-$version-$(uname -m)-linux
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
mkdir -p "$made/$name"

install -m 755 "$program" "$made/$name/campkeeper"
cp -r README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE campkeeper.example.toml deploy docs \
    message-templates "$made/$name/"

sbom=$(scripts/cargo-cyclonedx.sh)
"$sbom" cyclonedx --format json --spec-version 1.5 --quiet --override-filename campkeeper.cdx
mv campkeeper.cdx.json "$made/$name/"
rm -f {wecom,sandbox}/campkeeper.cdx.json

mkdir -p "$target/release-archives"
archive=$target/release-archives/$name.tar.gz
# Nor does it matter who may read the sources here.
tar --sort=name --mtime="@$moment" --mode=u=rwX,go=rX --owner=0 --group=0 --numeric-owner -C "$made" -czf "$archive" "$name"
(cd "$(dirname "$archive")" && sha256sum "$(basename "$archive")" >"$(basename "$archive").sha256")
echo "$archive"
