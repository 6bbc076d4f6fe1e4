sources := Sources Tests Package.swift

.PHONY: quickstart test bench lint format setup

quickstart: ## from a fresh clone to a trained mini model and a sample of its prose
	@cluster/quickstart

test: setup lint ## everything that can fail
	swift test -c release

bench: setup ## everything that is measured; pages into cluster/benchmarks
	@cluster/benchmarks/run

lint:
	swift format lint --strict --recursive $(sources)

format:
	swift format --in-place --recursive $(sources)

setup:
	@cluster/setup --tests
