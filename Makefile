# Two commands matter: `make run` (the demo) and `make test`. Each makes its own environment first.
PYTHON ?= python3
# of the demo; without them it takes 8501 and 8600, or free ones
PORT ?=
SANDBOX_PORT ?=
VENV := .venv
BIN := $(VENV)/bin

# one a core: more of them finish sooner, but browsers on a busy machine then wait longer than their tests do
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) < 4 ? $$(getconf _NPROCESSORS_ONLN) : 4 )))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup
WITHOUT_SLOW := -m "not night and not browser and not kills"
DAY ?= any
CALENDAR := $(addprefix tests/,cards dues forecast insurance ledger links memberships overview plans reports schedule tasks)

# else every process compiles all of its libraries anew: five seconds each, and the tests start some two hundred
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast test-night lint format bench reliability audit sbom pictures lock clean

run: $(VENV)/run.ok
	@$(BIN)/huddle demo $(if $(PORT),--port $(PORT)) $(if $(SANDBOX_PORT),--sandbox-port $(SANDBOX_PORT))

# the whole suite today, then what the calendar matters to on another day: `make test DAY=leap-day` names it
test: $(VENV)/dev.ok
	@$(BIN)/python tests/find_chromium.py
	@$(BIN)/python -m tests.find_proxies
	$(PYTEST) --durations 15
	$(PYTEST) $(WITHOUT_SLOW) --day $(DAY) $(CALENDAR)

# without browsers, without killed processes, without dashboards in processes of their own
test-fast: $(VENV)/dev.ok
	@$(BIN)/python -m tests.find_proxies
	$(PYTEST) -m "not night and not browser and not kills and not served"

# everything, both stores everywhere, and the fast part on every day of tests/moved_days.py
test-night: $(VENV)/dev.ok
	@$(BIN)/python tests/find_chromium.py
	@$(BIN)/python -m tests.find_proxies
	HUDDLE_NIGHT=1 $(PYTEST) -m "night or not night"
	@for day in tomorrow in-90-days leap-day spring-forward fall-back new-year; do \
		$(PYTEST) $(WITHOUT_SLOW) --day $$day || exit 1; done

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

# what Huddle promises, and what it reaches: one table; `make reliability ALL=1` takes the whole sizes (a night)
reliability: $(VENV)/dev.ok
	@$(BIN)/python tests/find_chromium.py
	$(BIN)/python -m tests.reliability $(if $(ALL),--all) $(if $(ONLY),--only $(ONLY))

# our own code for faults of security (B104 is ruff's S104, which reads its reasons); what we depend on for known holes, where the list of them can be reached
audit: $(VENV)/audit.ok
	$(BIN)/bandit -q -ll -s B104 -r core dashboard pages -x core/store/migrations
	$(BIN)/pip-audit --require-hashes --disable-pip --progress-spinner off -r requirements.lock

# everything that is in an installed Huddle, with versions and hashes (CycloneDX)
sbom: $(VENV)/audit.ok
	$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.json
	@echo "sbom.json says what is in Huddle."

# the pictures of docs/, taken of the demo anew
pictures: $(VENV)/dev.ok
	@$(BIN)/python tests/find_chromium.py
	$(BIN)/python -m tests.pictures

# the lock files carry hashes and no addresses
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra install -c requirements-dev.lock pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra audit -c requirements-dev.lock pyproject.toml -o requirements-audit.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q --extra dev --extra bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock

# an environment cannot be carried to another folder or another Python: it is made anew
ifneq ($(wildcard $(VENV)/made.ok),)
ifneq ($(shell head -n 2 $(BIN)/pip 2>&1 | grep -cF '$(CURDIR)/$(VENV)/bin/python'),1)
$(info This folder was moved here; its Python environment is made anew.)
$(shell rm -rf $(VENV))
else ifneq ($(shell $(BIN)/python -c 'import pip; print(1)' 2>/dev/null),1)
$(info The Python that $(VENV) was made of is gone; its environment is made anew.)
$(shell rm -rf $(VENV))
endif
endif

$(VENV)/made.ok:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Type: sudo apt-get install python3 python3-venv, or make PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Huddle needs Python 3.11 or newer; this is $$($(PYTHON) --version). Type: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python cannot make environments. Type: sudo apt-get install python3-venv"; exit 1; }
	@[ ! -e $(VENV) ] || { echo "$(VENV) was not made by this Makefile, or only half. Type: make clean, and then this again."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

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

$(VENV)/audit.ok: $(VENV)/dev.ok requirements-audit.lock
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-audit.lock
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis .ruff_cache data/demo artifacts
