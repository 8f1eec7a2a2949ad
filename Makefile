# Everything a developer types. `make` alone lists the targets; scripts/setup does the installing.
SHELL := /bin/sh
.DEFAULT_GOAL := help
ARGS ?=
# The budget of one long test, in seconds; CI gives less.
LONG_SECONDS ?= 1200

# A compiler at every start of every process would take half of the tests' time.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
PYTHON_READY := .venv/.ready
NODE_READY := tests/sdk/node/node_modules/.package-lock.json
CLI_READY := tests/sdk/cli/node_modules/.package-lock.json
PRISM_READY := benchmarks/prism/node_modules/.package-lock.json
CONSOLE := localloop/console/ui
CONSOLE_READY := localloop/console/static/index.html
CONSOLE_SOURCES := $(shell find $(CONSOLE) -name node_modules -prune -o -name tests -prune -o -type f -print)
PYTEST := $(BIN)/python -m pytest

.PHONY: help up setup system test test-long check lint types layers house format bench docs pictures build clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(PYTHON_READY) $(CONSOLE_READY) ## Run localloop on 127.0.0.1:4010 (options: make up ARGS="--ephemeral --port 4020")
	$(BIN)/localloop up $(ARGS)

setup: $(PYTHON_READY) system $(NODE_READY) $(CLI_READY) $(CONSOLE_READY) ## Install what development and tests want
	@echo "ready: $(BIN)/localloop"

# Needs PostgreSQL, npm packages and programs; what cannot be installed is named and its tests say so.
test: setup ## Run the tests (options: make test ARGS="-k messages")
	$(PYTEST) -m "not long" -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: setup ## Run the kill, soak and fuzz tests
	LOCALLOOP_LONG_SECONDS=$(LONG_SECONDS) $(PYTEST) -m long -s $(ARGS)

check: lint types layers house ## Lint, types, layers, house rules (all findings at once: make -k check)

lint: $(PYTHON_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(PYTHON_READY)
	$(BIN)/mypy

layers: $(PYTHON_READY)
	$(BIN)/lint-imports --no-logo

house: $(PYTHON_READY)
	$(PYTEST) tests/house

format: $(PYTHON_READY) ## Format the code and apply the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup $(PRISM_READY) ## Measure against Prism and pgbench, and print the ratios
	$(BIN)/python benchmarks/run.py $(ARGS)

docs: $(PYTHON_READY) ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: $(PYTHON_READY) $(CONSOLE_READY) system ## Take the pictures of the console anew, into docs/pictures/
	PYTHONPATH=tests/support $(BIN)/python -m scripts.pictures

build: $(PYTHON_READY) system ## Build the wheel into dist/
	rm -rf dist
	scripts/setup build

clean: ## Remove what the other targets made (the data of `make up` stays)
	rm -rf .venv .build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf tests/sdk/node/node_modules tests/sdk/cli/node_modules benchmarks/prism/node_modules
	rm -rf $(CONSOLE)/node_modules localloop/console/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON_READY): pyproject.toml uv.lock scripts/setup
	scripts/setup python
	@touch $@

$(NODE_READY): tests/sdk/node/package-lock.json
	scripts/setup node tests/sdk/node

$(CLI_READY): tests/sdk/cli/package-lock.json
	scripts/setup node tests/sdk/cli

# Without npm there is no such file, and the console says how to come by it.
$(CONSOLE_READY): $(CONSOLE_SOURCES)
	scripts/setup console

$(PRISM_READY): benchmarks/prism/package-lock.json
	scripts/setup node benchmarks/prism

system:
	@scripts/setup system
