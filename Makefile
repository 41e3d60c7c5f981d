# make run: environment, sample city, all notebooks, index page. make test, make lint: what must be clean.
# On Windows see README.md.
PYTHON ?= python3
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .uv/bin/uv)
READY := .venv/.ready
FUZZ_SECONDS ?= 1800

.DEFAULT_GOAL := help
.PHONY: help setup run test campaign nightly fuzz lint lab lock clean

help:
	@echo "make setup     make the environment in .venv"
	@echo "make run       run the sample city and name the index page (RUN=den-haag for another run)"
	@echo "make test      run every test"
	@echo "make campaign  run the slow tests: false alarms and power over many seeds"
	@echo "make nightly   mix the faults of BAD-INPUT over 200,000 rows and more"
	@echo "make fuzz      feed the readers any bytes, half an hour each (FUZZ_SECONDS=60 for less)"
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
	.venv/bin/pytest -n 2 -m "not slow and not nightly"

campaign: $(READY)
	.venv/bin/pytest -n 2 -m slow

nightly: $(READY)
	.venv/bin/pytest -m nightly

# atheris has wheels for some versions of Python only, and nothing else needs it: its own environment.
.venv-fuzz/.ready: requirements.lock | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-fuzz
	$(UV) pip sync --quiet --python .venv-fuzz --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv-fuzz --no-deps atheris==3.0.0
	@touch $@

fuzz: .venv-fuzz/.ready
	cd fuzz && for harness in delimited scalars geojson; do mkdir -p ../.fuzz/$$harness && PYTHONPATH=.. \
	  ../.venv-fuzz/bin/python $$harness.py -timeout=5 -rss_limit_mb=4096 -max_len=4096 \
	  -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=../.fuzz/$$harness- ../.fuzz/$$harness corpus/$$harness || exit 1; \
	done

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
