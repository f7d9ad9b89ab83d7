# Two commands matter: `make run` and `make test`. Each builds the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
SCENARIO ?= scenarios/yrd_baseline.toml

.PHONY: run test test-a test-b test-all lint bench app lock env clean

run: $(STAMP)
	$(BIN)/finmodel run $(SCENARIO)

# Two halves at once, each with its output in one piece. The second begins with pages (tests/conftest.py),
# which need no market: the first compiles it meanwhile, and not both.
LATER := tests/test_[m-z]*.py
test: $(STAMP)
	$(MAKE) --no-print-directory --output-sync=target -j2 test-a test-b

test-a: $(STAMP)
	$(BIN)/python -m pytest -m "not slow and not bench" --ignore-glob='$(LATER)' \
	  --ignore=tests/app --ignore=tests/browser

test-b: $(STAMP)
	$(BIN)/python -m pytest -m "not slow and not bench" $(LATER) tests/app tests/browser

test-all: $(STAMP)
	$(BIN)/python -m pytest -m "not bench"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_structure.py

bench: $(STAMP)
	$(BIN)/python -m tests.bench

app: $(STAMP)
	$(BIN)/streamlit run app.py

env: $(STAMP)

# Rewrites the lock from pyproject.toml; needs uv on the PATH.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --all-extras --upgrade pyproject.toml -o requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("finmodel needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build dist
