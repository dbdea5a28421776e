SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.PHONY: help setup run test check faults bench lock clean

VENV := .venv/bin
STEP = @printf '\n== %s\n'

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv and build the frontend, where the locks or sources have changed
	@scripts/setup

run: setup ## PostgreSQL, Valkey, web, worker and demo users; prints the address (ARGS="--port 8001")
	@exec $(VENV)/python -m service dev $(ARGS)

define STATIC
	$(STEP) "ruff check"
	@$(VENV)/ruff check --quiet .
	$(STEP) "ruff format"
	@$(VENV)/ruff format --quiet --check .
	$(STEP) "mypy --strict"
	@$(VENV)/mypy
	$(STEP) "import contracts"
	@$(VENV)/lint-imports --no-logo
endef

define FRONTEND
	$(STEP) "frontend types"
	@npm --prefix frontend run --silent typecheck
	$(STEP) "frontend units"
	@npm --prefix frontend run --silent test
	$(STEP) "frontend in a browser"
	@npm --prefix frontend run --silent test:browser
endef

test: setup ## everything: style, types, contracts, frontend, browser, and pytest last
	@scripts/install-packages
	$(STATIC)
	$(if $(wildcard frontend/package.json),$(FRONTEND))
	$(STEP) "pytest"
	@$(VENV)/pytest -n $$($(VENV)/python -c 'import os; print((os.cpu_count() or 1) + 1)') \
	  --maxprocesses 5 --dist loadfile

check: setup ## the quick half, before every commit: no servers, no browser
	$(STATIC)
	$(STEP) "pytest, without servers"
	@$(VENV)/pytest -m "not server"

faults: setup ## break Redis in twelve ways and kill 50 workers under load, and balance the books
	@FAULT_SECONDS=$${FAULT_SECONDS:-5} KILLS=$${KILLS:-50} $(VENV)/pytest -s tests/faults \
	  tests/processes/test_audit.py

bench: setup ## measure (ARGS goes to it)
	@$(VENV)/python -m bench $(ARGS)

lock: setup ## renew requirements*.txt from pyproject.toml (ARGS=--upgrade moves pins forward)
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check uv
	@scripts/lock $(ARGS)

clean: ## remove all that make has made, but never the data under var/
	rm -rf .venv build *.egg-info frontend/node_modules frontend/dist
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
