# `make` or `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: setup run test lint types bench lock clean help
BIN := .venv/bin

# The pip package of pyright asks PyPI for a newer version at each run unless told not to.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

setup: ## Make .venv, or bring it up to date (PYTHON=… for a new one, NO_UV=1 keeps to pip)
	@./bootstrap.sh

run: setup ## Serve the pages with sample candles and two finished back-tests (ARGS="--port 8080" goes to it)
	@$(BIN)/tradegraph demo $(ARGS)

test: setup ## Run all tests (ARGS="-k name -n 0" goes to pytest)
	@./bootstrap.sh browser
	@$(BIN)/pytest $(ARGS)

lint: setup ## Check format, style, types and import contracts
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo

types: setup ## Check types only
	@$(BIN)/pyright

bench: setup ## Run the benchmarks (ARGS="…" goes to them)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## Write requirements.lock anew from pyproject.toml (UPGRADE=1 takes newer versions)
	@./bootstrap.sh lock

clean: ## Remove .venv, caches and whatever else can be made again
	rm -rf .venv .bootstrap .bootstrap.lock .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info build dist
	find . -name __pycache__ -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} +

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
