# The front door: every target is a script of tools/, run with the options below.
# `make help` explains.

export ARCH ?= host
export PROFILE ?= full
export LIBC ?=
export PIE ?=
export TLS ?= 0
export TLS_RECORD ?=
export AGENT ?=
export DEBUG ?=
export MPY_DIR ?=
export MACHINE ?=
export RUNS ?=
export JOBS ?=
export QUICK ?=
export SEED ?=
export AGENTS ?=
SECONDS ?= 60
MINUTES ?= 10

build: ## build build/ARCH/micropython and print its size (the default)
	@tools/build.sh

build-all: ## build the small profile for every architecture, run tests/both under QEMU
	@tools/build-all.sh

demo: ## build, run examples/test_threading.py and check what it prints
	@tools/demo.sh

test: ## build and run every test; closes with N passed, N failed, N skipped
	@tools/test.sh

soak-demo: ## the demo's script many times at once on busy cores, each run checked
	@tools/soak-demo.sh

soak-pure: ## the demo many times on the edition in Python, with its one line more
	@tools/soak-pure.sh

stress: ## tests of what fails now and then, over and over, each for SECONDS
	@tools/stress.sh $(SECONDS)

bench: ## measure threading and queue beside CPython, the edition in Python, and C
	@tools/bench.sh

soak: ## 64 threads that do all there is, for MINUTES in 256 KB: memory flat, nothing late
	@tools/stress.sh $$((60 * $(MINUTES))) soak.

bench-gil: ## measure the GIL and the collector beside stock's GIL, CPython and C
	@tools/bench-gil.sh

test-versions: ## tests/both on MPY_DIR's MicroPython, or on the newest one that Debian has
	@tools/test-versions.sh

test-stock: ## tests/both on upstream's own builds, with and without a GIL; also ARCH=armhf
	@tools/test-stock.sh

.PHONY: test-agent agent-demo stress-agent fleet
agent-demo: ## three device agents, mosquitto and a technician; TLS=1 with certificates
	@tools/agent-demo.sh

test-agent: ## the agent's tests alone, on this machine
	@tools/test-agent.sh

stress-agent: ## the agent killed, cut off and fed garbage over and over, each for SECONDS
	@tools/test-agent.sh $(SECONDS)

fleet: ## AGENTS (500) of the agent on this machine, one mosquitto: time, memory, CPU
	@tools/fleet.sh

.PHONY: stress-upgrade fleet-upgrade
stress-upgrade: ## upgrades: the power cut at every step; bad versions, cuts and losses for SECONDS
	@AGENT=1 tools/test-agent.sh 0 upgrade. launched. bundle. ota.
	@AGENT=1 tools/test-agent.sh $(SECONDS) launched.

fleet-upgrade: ## AGENTS (200) of the agent upgraded in stages, one in 20 made to fail
	@tools/fleet.sh upgrade

test-arm-system: ## the small build in an ARM Linux system: tests, stress, memory within 4 MB, upgrades
	@tools/test-arm-system.sh
	@tools/test-arm-upgrade.sh

lint: ## clang-tidy and cppcheck on our C files
	@tools/lint.sh

size: ## build and print the size of what is built, part by part
	@tools/size.sh

size-check: ## build for armhf what has a budget; fails where one is passed
	@tools/size.sh check

size-docs: ## write the table and the picture of docs/sizes.md
	@tools/size.sh docs

clean: ## remove what was built, keep what was fetched
	@rm -rf build/host build/host-musl build/armhf build/armel build/arm64 build/i386 build/riscv64 build/mips build/mpy-cross-*

distclean: ## remove build/ whole
	@rm -rf build

help: ## print this
	@tools/help.sh $(MAKEFILE_LIST)

.PHONY: build build-all demo test test-stock soak-pure test-versions soak-demo stress bench bench-gil test-arm-system size clean distclean help soak lint size-check size-docs
