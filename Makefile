# The one list of commands; CI calls the same.
PY ?= python3
export VENV ?= .venv
BIN := $(VENV)/bin
BOUND ?= full
.DEFAULT_GOAL := help
.PHONY: help run test check fix schema bootstrap bootstrap-dev clean lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

bootstrap:
	@$(PY) tools/bootstrap.py run

bootstrap-dev:
	@$(PY) tools/bootstrap.py dev

run: bootstrap ## Start everything: store, demo people, sandboxes, gateway, worker (Ctrl-C stops all)
	@exec $(BIN)/apuni demo

test: bootstrap-dev ## Run all tests; starts what they need
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

check: bootstrap-dev ## Lint, types, import directions, printed schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/apuni schema check
	$(BIN)/apuni reference check

fix: bootstrap-dev ## Format and mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: bootstrap-dev ## Print the graph to schema/schema.graphql
	$(BIN)/apuni schema print

lock: ## Make the lock files anew from pyproject.toml (names no download address)
	cd requirements && ../$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate ../pyproject.toml --group build -o run.txt
	cd requirements && ../$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate ../pyproject.toml --group build --group dev -c run.txt -o dev.txt

clean: ## Remove the environment and the demo's data
	rm -rf $(VENV) var
