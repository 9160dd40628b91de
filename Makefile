# Everything a developer or CI does, in one place. Needs Python 3.11+, git and nothing else.

VENV := .venv
BIN := $(VENV)/bin
NEWER := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c '$(NEWER)' 2>/dev/null; then command -v $$p; break; fi; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
HEAVY := slow or stress or browser or calibration

.PHONY: help install demo docs test test-heavy test-again lint format bench clean

help:  ## Show what there is to make.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or later found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.python
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

install: $(VENV)/.installed  ## Install the locked dependencies and the project into .venv.

demo: install  ## Run the whole chain once on sample sessions and show the result.
	@$(BIN)/rorq demo

test: install  ## Run the tests that take no more than a moment each.
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not ($(HEAVY))"

test-heavy: install  ## Run the slow, stress, browser and calibration tests.
	$(BIN)/python -m pytest -n auto --dist loadfile -m "$(HEAVY)"

test-again: install  ## Run the tests that failed last, one after another.
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

lint: install  ## Check style, formatting, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install  ## Build the documentation as a site in site/; a warning is an error.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

format: install  ## Rewrite the code in the project's format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## Run the measurements behind the speed figures in design/.
	@for script in design/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:  ## Remove caches of tools; keep data, studies and artifacts.
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
