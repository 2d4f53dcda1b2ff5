# Peoria. `make run` starts the board; `make test` passes the tests. Both set up what they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run test lint bench clean lock

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile

run: $(VENV)/installed ## set up, then start Peoria: the board is at http://127.0.0.1:8080
	$(BIN)/python main.py run

test: $(VENV)/installed-dev ## set up, then run the tests
	$(BIN)/python -m pytest -n logical --dist loadfile $(PYTEST_ARGS)

lint: $(VENV)/installed-dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed-dev ## run the quick benchmarks, each beside its peer
	$(BIN)/python -m benchmarks.serving

clean: ## remove the virtual environment and caches; what Peoria stored (data/) stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## renew the lock files from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" -q -o requirements.lock
	uv pip compile pyproject.toml --all-extras -c requirements.lock --universal \
		--python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
		-q -o requirements-dev.lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Peoria needs Python 3.11 or newer; $(PYTHON) is older. Say make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock | $(BIN)/python
	@echo "Installing what Peoria needs (some 600 MB, once; a few minutes) ..."
	$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock | $(BIN)/python
	@echo "Installing what Peoria and its tests need (some 900 MB, once; a few minutes) ..."
	$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/installed
