# Two commands matter: `make run` (the demo) and `make test`. Each makes its own environment first.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

# else every process compiles all of its libraries anew: five seconds each, and the tests start some two hundred
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-night lint format bench lock clean

run: $(VENV)/run.ok
	$(BIN)/huddle demo --port $(PORT)

test: $(VENV)/dev.ok
	$(BIN)/python tests/find_chromium.py
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadgroup --durations 15

test-night: $(VENV)/dev.ok
	$(BIN)/python tests/find_chromium.py
	HUDDLE_NIGHT=1 $(BIN)/pytest -n logical --maxprocesses 4 --dist loadgroup -m "night or not night"

lint: $(VENV)/dev.ok
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house
	$(BIN)/pyright

format: $(VENV)/dev.ok
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/bench.ok
	$(BIN)/python -m tests.bench

# the lock files carry hashes and no addresses
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra install -c requirements-dev.lock pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra dev --extra bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock

$(VENV)/made.ok:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Huddle needs Python 3.11 or newer: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/run.ok: $(VENV)/made.ok requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/dev.ok: $(VENV)/made.ok requirements-dev.lock pyproject.toml
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/run.ok

$(VENV)/bench.ok: $(VENV)/dev.ok requirements-bench.lock
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis .ruff_cache data/demo artifacts
