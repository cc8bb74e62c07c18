# Two commands for a fresh machine with Python 3.11 or newer, pip and make:
#   make demo   installs into .venv, measures the sample study, prints results and the report's place
#   make test   installs what tests need into .venv and runs all of them
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo browser dcmtk test lint check benchmark soak clean help

help:
	@echo "make demo   install and measure the sample study (about 3 minutes the first time)"
	@echo "make test   install and run all tests, on all cores (about 10 minutes on two)"
	@echo "make lint   ruff, mypy, import-linter"
	@echo "make check  test, then lint: what continuous integration runs"
	@echo "make benchmark  speed and accuracy against peers, as tables and benchmarks/results/*.json (30 minutes)"
	@echo "make soak   every goal of reliability at its release size, with the figures (hours)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "== making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== installing the engine into $(VENV) (1 to 3 minutes, about 800 MB)"
	@$(PIP) -e '.[dicom]'
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== installing the engine with test and lint tools into $(VENV) (1 to 3 minutes)"
	@$(PIP) -e '.[dicom,stats,cluster,test,lint]'
	@touch $@ $(VENV)/.installed-run

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== installing the engine and the peers of its benchmarks into $(VENV) (2 to 4 minutes)"
	@$(PIP) -e '.[dicom,bench]'
	@touch $@ $(VENV)/.installed-run

demo: $(VENV)/.installed-run
	@echo "== measuring the sample study in data-samples (the first run compiles: about 50 s)"
	@$(BIN)/quant run data-samples -o out/demo

# Tests of the report drive Chromium. Debian's is installed where that is allowed; without one they say so by name.
browser:
	@if { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "== installing chromium for the tests of the report (apt-get)"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	    || echo "== chromium could not be installed: the tests of the report in a browser will say so"; \
	else echo "== no chromium here: the tests of the report in a browser will say so (apt-get install chromium)"; fi

# dcmtk's dsrdump reads our structured reports in a test; dciodvfy comes with the extra `test`.
dcmtk:
	@if command -v dsrdump >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "== installing dcmtk for a test of DICOM objects (apt-get)"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends dcmtk >/dev/null; } \
	    || echo "== dcmtk could not be installed: its test will say so"; \
	else echo "== no dcmtk here: its test will say so (apt-get install dcmtk)"; fi

test: $(VENV)/.installed-test browser dcmtk
	@echo "== compiling the kernels once (about 20 s), so that not every process of the tests does"
	@$(BIN)/quant kernels warm >/dev/null || echo "== kernels cannot be kept here: the tests take longer"
	@echo "== running all tests (about 10 minutes on two cores)"
	@$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

lint: $(VENV)/.installed-test
	@echo "== ruff: style";            $(BIN)/ruff check .
	@echo "== ruff: format";           $(BIN)/ruff format --check .
	@echo "== mypy: types (strict)";   $(BIN)/mypy
	@echo "== import-linter: layers";  $(BIN)/lint-imports --no-cache

check: test lint

benchmark: $(VENV)/.installed-bench
	@$(BIN)/python benchmarks/run.py

soak: $(VENV)/.installed-test
	@$(BIN)/python -m tests.soak

clean:
	rm -rf $(VENV) out build dist
