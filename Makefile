# AlphaPulse: `make run` starts it, `make check` before each commit, `make test` runs everything. `make` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check install -qq
DASHBOARD := web/alphapulse_web/dist/index.html
FRONTEND := $(shell find frontend/src frontend/public frontend/index.html frontend/openapi.json frontend/package-lock.json \
	frontend/vite.config.ts frontend/tsconfig.json -type f -not -name schema.d.ts 2>/dev/null)
# Written from the data classes, so that it is built anew when they change. ALPHAPULSE_PURE=1 leaves it out.
CORE := $(VENV)/.core-$(if $(filter 1,$(ALPHAPULSE_PURE)),left-out,built)
NODE := $(shell command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null && echo found)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

# Running ---------------------------------------------------------------------------------------------------------

.PHONY: run
run: $(CORE) $(if $(NODE),$(DASHBOARD),without-node) ## install what is missing and start the daemon
	@exec $(VENV)/bin/alphapulsed --config config.toml

.PHONY: without-node
without-node:
	@echo "Node.js 20 or newer with npm was not found: the dashboard is not built, only what is already there is served" >&2

.PHONY: need-node
need-node:
	@[ -n "$(NODE)" ] || { echo "Node.js 20 or newer with npm was not found: install it and run make again" >&2; exit 1; }

# What the rest stands on: stamps say what is installed, so that nothing is done twice ------------------------------

# pip is the last thing that `venv` writes: where it is missing, the environment is made anew.
$(VENV)/bin/pip:
	@for python in python3.11 python3 python3.12 python3.13; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making $(VENV) with $$($$python --version)"; \
			exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "Python 3.11 or newer was not found: install it (Debian: apt install python3.11 python3.11-venv)" >&2; exit 1

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml hatch_build.py alphapulse/__init__.py | $(VENV)/bin/pip
	@echo "installing the locked Python packages"
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(CORE): $(VENV)/.runtime build_core.py $(wildcard alphapulse/data/*.py alphapulse/rules/wire/*.py \
	alphapulse/rules/wire/core_parts/*.pxi alphapulse/rules/events/core.pyx alphapulse/rules/arbitrage/core.pyx)
	@rm -f $(VENV)/.core-*
	@$(PYTHON) build_core.py
	@touch $@

.PHONY: core
core: $(VENV)/.runtime ## the compiled cores of wire codec, Swap logs and sizing, or in one line why it was left out
	@rm -f $(VENV)/.core-*
	@$(MAKE) --no-print-directory $(CORE)

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime | $(CORE)
	@echo "installing the locked development packages"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json | need-node
	@echo "installing the locked dashboard packages"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DASHBOARD): frontend/node_modules/.installed $(FRONTEND)
	@echo "building the dashboard"
	@cd frontend && npm run --silent build
	@touch $@

# The node and the contracts of a local chain: installed beside the product, never shipped with it.
DEVNET := .cache/devnet

$(DEVNET)/.installed: alphapulse/devnet/packages/package.json alphapulse/devnet/packages/package-lock.json
	@if [ -z "$(NODE)" ]; then \
		echo "npm was not found: there is no local chain, and the tests that need one are skipped" >&2; \
	else \
		echo "installing the locked packages of the local chain"; \
		mkdir -p $(DEVNET) && cp alphapulse/devnet/packages/{package.json,package-lock.json,.npmrc} $(DEVNET)/ \
			&& cd $(DEVNET) && npm ci --no-audit --no-fund --loglevel=error && touch .installed; \
	fi

.PHONY: devnet-packages
devnet-packages: $(DEVNET)/.installed ## the node anvil and the exchanges' contracts, for tests and `make demo-live`

.PHONY: demo-live
demo-live: $(CORE) $(if $(NODE),$(DASHBOARD)) need-node $(DEVNET)/.installed ## the daemon live on a local chain with pools and traders: no account, no key
	@$(VENV)/bin/alphapulse devnet --packages $(DEVNET) -- $(VENV)/bin/alphapulsed --config examples/devnet.toml

.PHONY: demo-trade
demo-trade: $(CORE) $(if $(NODE),$(DASHBOARD)) need-node $(DEVNET)/.installed ## the daemon trading for real on that chain, with a contract and a wallet of its own; it waits for `alphapulse resume`
	@echo "It comes up halted. To let it trade: $(VENV)/bin/alphapulse resume --config examples/devnet_live.toml --reason demo"
	@rm -rf data/devnet-trade
	@DEMO_KEY=0x$$(printf '01%.0s' {1..32}) $(VENV)/bin/alphapulse devnet --packages $(DEVNET) --gap-every 3 \
		--executor 0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1 -- $(VENV)/bin/alphapulsed \
		--config examples/devnet_live.toml --live --phrase-file examples/devnet_live.phrase

# Checking --------------------------------------------------------------------------------------------------------

.PHONY: check
check: $(VENV)/.dev frontend/node_modules/.installed ## lint, types, dashboard unit tests, fast Python tests: under two minutes
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint types test-frontend
	@$(MAKE) --no-print-directory test-fast

.PHONY: test
test: lint types test-python test-frontend test-browser ## everything

.PHONY: lint
lint: $(VENV)/.dev ## style, Trio rules, layer contracts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	@$(MAKE) --no-print-directory $(VENV)/.trio-rules
	$(VENV)/bin/lint-imports --no-logo

# It reads each file by itself and takes a sixth of a second for one: only those are read that changed since it last
# found nothing. New packages or other rules mean all of them.
$(VENV)/.trio-rules: $(VENV)/.dev .flake8 $(shell find alphapulse web tests -name '*.py' -newer $(VENV)/.trio-rules 2>/dev/null)
	@touch $@.begun
	@since=; [ $@ -nt .flake8 ] && [ $@ -nt $(VENV)/.dev ] && since="-newer $@"; \
	files=$$(find alphapulse web tests -name '*.py' $$since -exec grep -lwE 'async|trio' {} +); \
	[ -z "$$files" ] || { echo "$(VENV)/bin/flake8 (of what changed)"; $(VENV)/bin/flake8 $$files; }
	@mv $@.begun $@

.PHONY: types
types: $(VENV)/.dev ## mypy --strict over the code and its tests
	$(VENV)/bin/mypy

.PHONY: test-fast
test-fast: $(VENV)/.dev $(DEVNET)/.installed ## the Python tests that are not marked slow
	@# What was compiled is kept, even where the shell says otherwise: that halves the time to collect.
	PYTHONDONTWRITEBYTECODE= ALPHAPULSE_TESTS=quick $(PYTHON) -m pytest -n auto -m "not slow"

.PHONY: test-python
test-python: $(VENV)/.dev $(DEVNET)/.installed nats-server ## all Python tests
	$(PYTHON) -m pytest -n auto

.PHONY: fuzz
fuzz: $(VENV)/.dev ## ten million hostile inputs for the parsers of Protocol V2: some minutes
	$(PYTHON) -m tests.rules.wire.hostile_input 10000000

.PHONY: prove-bus
prove-bus: $(VENV)/.dev ## the bus's promises at length: 2,000 lossy and 500 slow schedules, 500 kills: half an hour
	$(PYTHON) -m tests.relays.prove_bus

.PHONY: prove-limits
prove-limits: $(VENV)/.dev ## limits at length: 5 million timestamps, 2,000 histories of exposure, 20 runaways: some minutes
	ALPHAPULSE_THROTTLE_TIMESTAMPS=5000000 ALPHAPULSE_EXPOSURE_EXAMPLES=2000 \
		$(PYTHON) -m pytest -n auto tests/rules/limits tests/rules/breakers tests/execution/test_runaway.py

.PHONY: prove
prove: $(VENV)/.dev ## what is promised of the running daemon, tried on it: kills, crashes, floods; half an hour, and a table
	$(PYTHON) -m tests.prove

.PHONY: prove-chain
prove-chain: $(VENV)/.dev $(DEVNET)/.installed need-node ## what is promised of the live chain, tried on a real one: a quarter of an hour, and a table
	$(PYTHON) -m tests.prove_chain

.PHONY: prove-execution
prove-execution: $(VENV)/.dev $(DEVNET)/.installed need-node ## what is promised of trading for real, tried on a real chain: half an hour, and a table
	$(PYTHON) -m tests.prove_execution

.PHONY: simulate
simulate: $(VENV)/.dev ## the daemon in simulated time under faults: 1,000 seeds, sweeps and a day; half an hour, and a table
	$(PYTHON) -m tests.simulation

.PHONY: test-frontend
test-frontend: frontend/node_modules/.installed ## lint, types and unit tests of the dashboard
	cd frontend && npm run --silent types && npm run --silent lint && npm run --silent typecheck && npm test

.PHONY: test-browser
test-browser: $(VENV)/.dev $(DASHBOARD) chromium ## the dashboard in a real browser against the real daemon
	@if command -v chromium >/dev/null; then \
		cd frontend && ALPHAPULSE_PYTHON="$(abspath $(PYTHON))" npm run --silent e2e; \
	elif [ "$${CI:-}" = true ]; then \
		echo "browser tests cannot run: chromium was not found" >&2; exit 1; \
	else \
		echo "BROWSER TESTS SKIPPED: chromium was not found; install it (Debian: apt install chromium)" >&2; \
	fi

.PHONY: chromium
chromium:
	@if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "installing chromium"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	fi

# Debian's package is unpacked, not installed: that would start a server on this machine. The tests look in /usr/sbin
# too; where there is none they skip, each with one line, or fail if CI=true is set.
NATS := $(VENV)/nats-server

.PHONY: nats-server
nats-server:
	@if ! PATH="$$PATH:/usr/sbin:$(abspath $(NATS))/usr/sbin" command -v nats-server >/dev/null \
			&& command -v apt-get >/dev/null && command -v dpkg >/dev/null; then \
		echo "fetching nats-server"; \
		folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
		{ { [ "$$(id -u)" != 0 ] || apt-get update -qq; } && cd "$$folder" \
			&& apt-get download -qq nats-server 2>/dev/null && dpkg -x nats-server_*.deb "$(abspath $(NATS))"; } \
			|| echo "nats-server could not be fetched; the tests that need it are skipped" >&2; \
	fi

.PHONY: bench
bench: $(VENV)/.dev ## the benchmarks, with machine and versions
	$(PYTHON) -m benchmarks

.PHONY: score
DATA ?= tests/vectors alphapulse/demo
score: $(VENV)/.dev ## recall and precision on real data with known answers: make score DATA=FOLDER
	$(VENV)/bin/alphapulse score $(DATA)

# Releasing -------------------------------------------------------------------------------------------------------

# Hashes of the public index, whatever pip is configured to use on this machine.
COMPILE := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	CUSTOM_COMPILE_COMMAND="make lock" $(PYTHON) -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.PHONY: lock
lock: $(VENV)/.dev ## lock the Python packages anew, keeping the versions that still fit
	$(COMPILE) -o requirements/runtime.txt pyproject.toml requirements/build.in
	$(COMPILE) -o requirements/dev.txt --extra dev -c requirements/runtime.txt pyproject.toml requirements/build.in

.PHONY: release
release: $(VENV)/.dev $(if $(NODE),$(DASHBOARD)) ## wheel and sdist in dist/, with the built dashboard or not at all
	ALPHAPULSE_RELEASE=1 $(PYTHON) -m build --no-isolation

.PHONY: clean
clean: ## remove everything that make makes; the journal in data/ stays
	rm -rf $(VENV) $(DEVNET) frontend/node_modules web/alphapulse_web/dist dist build frontend/test-results frontend/playwright-report
	rm -f alphapulse/rules/*/core.*.so
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find alphapulse web tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
