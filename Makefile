# Everything here needs only Python 3.11 or later with pip, and make. Each target makes what it needs, in .venv.
# Without make: see README.md; these lines only call Python.

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
PIP := $(VENV_PYTHON) -m pip --disable-pip-version-check
# Each file is one worker's, so that what its tests share is made once; tests/conftest.py puts the long files first.
# The tests start hundreds of Pythons: the first one compiles the package for all, also where the environment forbids it.
PYTEST := PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -m pytest -n auto --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab demo test test-all bench soak fuzz peers build lint

help:
	@echo "make lab      open the course in JupyterLab"
	@echo "make demo     the article's experiment in the terminal, 7 seconds"
	@echo "make test     run the tests that need only Python, in a few minutes"
	@echo "make test-all run all tests, with brokers, a browser and new environments"
	@echo "make bench    measure what a request costs"
	@echo "make soak     run the simulated clock 1,000 times, and compare"
	@echo "make fuzz     compare 5,000 random apps with uvicorn, or BGDEMO_APPS of them"
	@echo "make peers    run FastAPI's and Starlette's own tests with bgdemo's client"
	@echo "make build    build the notebooks from their sources"
	@echo "make lint     check style and types"

lab: $(VENV)/with-notebooks
	@$(VENV_PYTHON) -m bgdemo lab

demo: $(VENV)/with-notebooks
	@$(VENV_PYTHON) -m bgdemo demo

test: $(VENV)/with-test
	@$(PYTEST) -m "not starts"

test-all: $(VENV)/with-test
	@$(PYTEST)

bench: $(VENV)/with-test
	@$(VENV_PYTHON) -m pytest tests/benchmarks -o addopts= --benchmark-only -p no:randomly

soak: $(VENV)/with-test
	@BGDEMO_RUNS=1000 $(VENV_PYTHON) -m pytest tests/simulation/test_determinism.py --timeout 3600

fuzz: $(VENV)/with-test
	@BGDEMO_APPS=$${BGDEMO_APPS:-5000} $(VENV_PYTHON) -m pytest tests/conformance/test_random_apps.py --timeout 36000

peers: $(VENV)/with-test
	@$(VENV_PYTHON) tests/peers/run.py

build: $(VENV)/with-test
	@$(VENV_PYTHON) notebooks/build.py

lint: $(VENV)/with-test
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy

$(VENV)/with-%: pyproject.toml | $(VENV_PYTHON)
	@echo "Installing bgdemo[$*] into $(VENV), once: this takes a minute or two."
	@$(PIP) install --quiet --editable ".[$*]"
	@touch $@

# PYTHON=... is tried first. A candidate may be a shim that starts nothing, so each is run. Debian's python3 comes
# without ensurepip: then its own pip, if there is one, installs pip into the environment.
$(VENV_PYTHON):
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  "$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  if "$$python" -c 'import ensurepip' >/dev/null 2>&1; then \
	    "$$python" -m venv $(VENV); exit; \
	  fi; \
	  if "$$python" -m pip --python "$$(command -v "$$python")" --version >/dev/null 2>&1; then \
	    "$$python" -m venv --without-pip $(VENV) \
	      && "$$python" -m pip --disable-pip-version-check --python $(VENV_PYTHON) install --quiet pip; exit; \
	  fi; \
	  without_pip="$$without_pip $$python"; \
	done; \
	if [ -n "$$without_pip" ]; then \
	  echo "No pip and no ensurepip for:$$without_pip. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	else \
	  echo "Python 3.11 or later was not found. Install it, or name it: make PYTHON=/path/to/python3 ..." >&2; \
	fi; \
	exit 1
