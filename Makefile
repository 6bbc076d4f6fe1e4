sources := Sources Tests Plugins Package.swift

.PHONY: help quickstart build test bench lint format setup config-docs

help: ## print this list (the default)
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 19

quickstart: ## go from a fresh clone to a trained small GPT-1 and a sample of its text
	@cluster/quickstart

build: ## build the release program .build/release/gpt1-dist
	swift build -c release --product gpt1-dist

test: setup lint ## run the linter and all tests
	swift test -c release

bench: setup ## run all benchmarks and write a page for each into cluster/benchmarks/results
	@cluster/benchmarks/run

lint: ## check the format of all Swift files
	swift format lint --strict --recursive $(sources)

format: ## format all Swift files in place
	swift format --in-place --recursive $(sources)

config-docs: ## write docs/CONFIG.md from the declarations of the configuration keys
	swift build -c release --product gpt1-dist
	.build/release/gpt1-dist config-docs > docs/CONFIG.md.new
	mv docs/CONFIG.md.new docs/CONFIG.md

setup: ## check Swift and install missing Debian packages, including those of the tests
	@cluster/setup --tests
