# Peoria. `make run` starts the board; `make test` passes the tests. Both set up what they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := @$(PYTHON) requirements/install.py --venv $(VENV)
# One more than there are cores: a process waits for its children and its fakes for a third of the time.
TEST_PROCESSES ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
# Where Python is told to keep nothing that it compiles, each process of a test would compile all of
# Peoria again, and pytest every test.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
UV := $(VENV)/installer/bin/uv
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --custom-compile-command "make lock" -q $(LOCK_ARGS)

.DEFAULT_GOAL := help
.PHONY: help install run set-up set-up-dev test test-quick coverage mutation lint types docs bench wheel lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: set-up ## set up, then start Peoria: the board is at http://127.0.0.1:8080
	$(BIN)/python main.py run

install: set-up ## only set up; EXTRAS= for serving without TensorFlow, EXTRAS="ocr postgres" adds both

# Each test process computes with one thread. With more, they wait for each other in busy loops, and what
# is fitted in tests took two to ten times as much processor time.
test test-quick coverage: export OMP_NUM_THREADS := 1
test test-quick coverage: export OPENBLAS_NUM_THREADS := 1
test test-quick coverage: export TF_NUM_INTRAOP_THREADS := 1

test: set-up-dev ## set up, then run the tests
	$(PYTEST) --durations=15 $(PYTEST_ARGS)

test-quick: set-up-dev ## run the quick tests (tests/conftest.py lists the slow ones)
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

coverage: set-up-dev ## run the tests, and print how much of each room they reach
	$(PYTEST) --durations=15 --cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/python -m tests.coverage_by_room

mutation: set-up-dev ## change a rule 60 times, and print which changes no test notices
	$(BIN)/python -m benchmarks.mutation $(MUTATION_ARGS)

lint: set-up-dev ## check style, and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

types: set-up-dev ## check only the types
	$(BIN)/mypy

docs: set-up-dev ## build the documentation into site/
	$(BIN)/python -m sphinx -n -W --keep-going -q -b html docs site
	@echo "The site is in site/index.html"

bench: set-up-dev ## run the quick benchmarks, each beside its peer
	$(BIN)/python -m benchmarks.serving

wheel: set-up-dev ## build the wheel, install it into a throw-away environment, and use it there
	$(BIN)/python -m tests.installed_wheel --uv $(UV)

lock: set-up-dev ## renew the lock files from pyproject.toml; LOCK_ARGS=--upgrade takes newer releases
	$(COMPILE) pyproject.toml --all-extras --group dev --group docs -o requirements/dev.lock
	$(COMPILE) pyproject.toml -c requirements/dev.lock -o requirements/base.lock
	for extra in train ocr onnx postgres objects ray sentry telemetry tracking; do \
		$(COMPILE) pyproject.toml --extra $$extra -c requirements/dev.lock -o requirements/$$extra.lock || exit 1; done
	$(COMPILE) --group installer -o requirements/installer.lock
	for python in 3.11 3.12 3.13; do for lock in requirements/*.lock; do \
		echo "Every package of $$lock has a wheel for Python $$python:"; \
		$(UV) pip install --dry-run --no-deps --only-binary :all: --python-version $$python \
			--python-platform x86_64-manylinux_2_28 --target $(VENV)/none -q -r $$lock || exit 1; done; done

clean: ## remove the virtual environment and caches; what Peoria stored (data/) stays
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

set-up:
	$(INSTALL) $(if $(filter undefined,$(origin EXTRAS)),,--extras "$(EXTRAS)")

set-up-dev:
	$(INSTALL) --dev
