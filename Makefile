# What people run, and what .ci/run runs. Needed: Rust (rustup) and Node.js 20.19 or newer.
# What else a target needs, the scripts find or install, or they say how to get it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Every build names the whole workspace: then the demo, the tests and the checks share one set of
# features, and nothing is compiled twice.
WORKSPACE := --workspace --all-features --locked
TARGET = $(shell scripts/target-dir.sh)
NODE_MODULES := h5/node_modules/.package-lock.json

.PHONY: help demo test test-rust test-pages test-browser check check-format check-lint check-docs \
	check-pages check-deny check-generated check-interop generate manual-pictures coverage bench fuzz release h5

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

demo: h5 ## Play the main job in a browser: the product and stand-ins of all outside, in one process
	cargo build $(WORKSPACE) --example demo
	"$(TARGET)/debug/examples/demo" $(DEMO_ARGS)

test: test-rust test-pages test-browser ## Every test: Rust on both databases, the pages, a browser

test-rust:
	scripts/test-rust.sh $(WORKSPACE)

test-pages: $(NODE_MODULES)
	cd h5 && npm test

test-browser: h5
	scripts/test-browser.sh $(WORKSPACE)

check: check-format check-deny check-pages check-lint check-docs check-generated check-interop ## What CI holds besides tests

check-format:
	cargo fmt --all --check

check-lint:
	cargo clippy $(WORKSPACE) --all-targets -- -D warnings

check-docs:
	RUSTDOCFLAGS="-D warnings" cargo doc $(WORKSPACE) --no-deps

check-pages: $(NODE_MODULES)
	cd h5 && npm run typecheck && npm run lint

check-deny:
	"$$(scripts/cargo-deny.sh)" --all-features --locked check bans licenses sources

# What is committed must be what the code generates.
check-generated: $(NODE_MODULES)
	scripts/generate.sh --check $(WORKSPACE)

# The crate wecom and the official libraries open what the other sealed.
check-interop:
	scripts/interop-wecom.sh $(WORKSPACE)

generate: $(NODE_MODULES) ## Write the OpenAPI file, the pages' types and the schema's page anew
	scripts/generate.sh $(WORKSPACE)

manual-pictures: h5 ## Play what the manuals show, and take their pictures anew
	scripts/manual-pictures.sh $(WORKSPACE)

bench: ## Measure, with peers beside us where a peer does the same work
	cargo bench --workspace --all-features --locked --benches
	cargo run --release --locked --target-dir "$(TARGET)/peers" \
		--manifest-path benches/peers/wechat_pay/Cargo.toml

coverage: ## Print how many lines the Rust tests run
	scripts/coverage.sh $(WORKSPACE)

fuzz: ## Fuzz what reads bytes from outside, SECONDS=60 for each target
	scripts/fuzz.sh $(or $(SECONDS),60) $(TARGETS)

release: h5 ## Build the archive of a release: the program, deploy files, documents, what it is made of
	scripts/release.sh

h5: $(NODE_MODULES) ## Build the pages, which the binary embeds
	cd h5 && npm run build

$(NODE_MODULES): h5/package-lock.json
	scripts/npm-ci.sh
