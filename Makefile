# make run: environment, sample city, all notebooks, index page. make test, make lint: what must be clean.
# On Windows see README.md.
PYTHON ?= python3
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .uv/bin/uv)
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test campaign lint lab lock clean

help:
	@echo "make setup     make the environment in .venv"
	@echo "make run       run the sample city and name the index page (RUN=den-haag for another run)"
	@echo "make test      run every test"
	@echo "make campaign  run the slow tests: false alarms and power over many seeds"
	@echo "make lint      check style and types"
	@echo "make lab       open JupyterLab on the notebooks"
	@echo "make lock      renew requirements.lock from pyproject.toml"
	@echo "make clean     remove the sample city, its results, and caches"

setup: $(READY)

# The stamp is newer than what it was made from, so a second make installs nothing.
$(READY): requirements.lock pyproject.toml | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hicgeo needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation -e .
	@touch $@

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

run: $(READY)
	.venv/bin/hicgeo run $(RUN)

test: $(READY)
	.venv/bin/pytest -n 2 -m "not slow"

campaign: $(READY)
	.venv/bin/pytest -n 2 -m slow

lint: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

lab: $(READY)
	.venv/bin/hicgeo lab

lock: | $(UV)
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -q -o requirements.lock

clean:
	rm -rf data/sample data/private/sample maps/sample .pytest_cache .mypy_cache .ruff_cache .hypothesis
