SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Compiled once, not by each of the processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run test check faults bench lock clean

VENV := .venv/bin
MACHINES := tests/analytics/test_histories.py tests/factors/test_failures_machine.py \
  tests/store/test_limits_machine.py tests/store/test_rotation_machine.py \
  tests/store/test_sweep_machine.py tests/unit tests/web/test_openapi.py

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv and build the frontend, where the locks or sources have changed
	@scripts/setup

run: setup ## PostgreSQL, Valkey, web, worker and demo users; prints the address (ARGS="--port 8001")
	@exec $(VENV)/python -m service dev $(ARGS)

test: setup ## everything: style, types, contracts, frontend, browsers and Python side by side
	@scripts/install-packages
	@$(VENV)/python -m scripts.suite

check: setup ## the quick half, before every push: no servers, no browser
	@$(VENV)/python -m scripts.suite quick

faults: setup ## long searches: Redis broken in twelve ways, 50 workers killed, random histories
	@HYPOTHESIS_PROFILE=thorough FAULT_SECONDS=$${FAULT_SECONDS:-5} KILLS=$${KILLS:-50} \
	  $(VENV)/pytest -s tests/faults tests/processes/test_audit.py $(MACHINES)

bench: setup ## measure (ARGS goes to it)
	@$(VENV)/python -m bench $(ARGS)

lock: setup ## renew requirements*.txt from pyproject.toml (ARGS=--upgrade moves pins forward)
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check uv
	@scripts/lock $(ARGS)

clean: ## remove all that make has made, but never the data under var/
	rm -rf .venv build *.egg-info frontend/node_modules frontend/dist
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
