# `make help` lists the targets. What a target does stands in dev/; here stands the order.

.NOTPARALLEL:
.PHONY: help demo test build bench chaos format check clean

SWIFT_BUILD := swift build -c release --explicit-target-dependency-import-check error

help:
	@echo 'make demo     build, fetch sample pictures, start a cluster here and ask it about them'
	@echo 'make test     check, build and run every test, as CI does'
	@echo 'make build    medmoe, medmoe-router, medmoe-expert and medmoe-chaos into .build/release'
	@echo 'make bench    measure kernels and dispatches, and hold them against Benchmarks/thresholds.json'
	@echo 'make chaos    break real clusters for CHAOS_DURATION seconds and more, and look at every answer'
	@echo 'make format   format the Swift code in place'
	@echo 'make check    format, imports and generated code; changes nothing'
	@echo 'make clean    delete what was built'

# Optimised also for tests: plain Swift loops are tens of times slower in a debug build.
test:
	@dev/timed 'system packages' dev/install-packages --test
	@dev/timed 'check' dev/check-all
	@dev/timed 'build with tests' $(SWIFT_BUILD) --build-tests
	@dev/timed 'python packages for tests' dev/python-env
	@dev/timed 'real pictures for tests' dev/fetch-pictures --tests
	@dev/timed 'tests in one process' dev/run-tests process
	@dev/timed 'tests with bounds of time' dev/run-tests speed
	@dev/timed 'tests of real clusters' dev/run-tests cluster
	@dev/timed 'clusters that break' dev/run-tests chaos

build:
	@dev/timed 'system packages' dev/install-packages
	@dev/timed 'build' $(SWIFT_BUILD)

# Not part of `make test`: what it says depends on what else the machine does.
bench:
	@dev/timed 'system packages' dev/install-packages
	@dev/timed 'build' $(SWIFT_BUILD)
	.build/release/medmoe bench kernels --check Benchmarks/thresholds.json
	.build/release/medmoe bench dispatch --check

# The long form; a short one is among the tests of real clusters. With root more can be tried: docs/chaos.md.
CHAOS_MODEL ?= models/medmoe-nano
CHAOS_DURATION ?= 3600
CHAOS_SEED ?= 1
chaos:
	@dev/timed 'system packages' dev/install-packages
	@dev/timed 'build' $(SWIFT_BUILD)
	.build/release/medmoe-chaos $(CHAOS_MODEL) --duration $(CHAOS_DURATION) --seed $(CHAOS_SEED) $(CHAOS_FLAGS)

demo:
	@dev/timed 'system packages' dev/install-packages --demo
	@dev/timed 'build' $(SWIFT_BUILD)
	@dev/timed 'sample pictures' dev/fetch-pictures
	@exec dev/demo

format:
	@dev/format

check:
	@dev/check-all

clean:
	swift package clean
