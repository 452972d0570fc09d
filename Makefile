# make bench      the main job: generate, ingest, measure, check every target, report
# make test       all tests, each once: the fast tier counts how much of the code it runs; test-fast, test-slow: a tier
# make coverage   the fast tier, which fails where it runs too little of the code
# make mutation   of 150 small faults put into the code, how many the tests notice (an hour)
# make ui         the Dagster UI
# make lint       format, lint, types, import contracts
#
# Each sets up .venv first, from the pinned versions in constraints.txt.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup bench test test-fast test-slow coverage mutation lint ui clean
.DEFAULT_GOAL := bench

setup: $(VENV)/installed

# uv installs the pinned set in a third of pip's time; where it cannot be had, pip does the same.
$(VENV)/installed: pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is incomplete: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt -e '.[all,test]' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,test]'
	@touch $@

# Of Dagster's log a terminal shows the steps, and how far those are that take long.
SAID := -e 's/.* - STEP_START - Started execution of step "\(.*\)"\./\1/p' \
	-e 's/.* - dagster - INFO - ci - [0-9a-f-]* - [a-z0-9_]* - \(.* s left\|not compared: .*\)$$/  \1/p'

# Dagster warns that `dg`, a package more, supersedes these two commands. They do the same, and what to do about it is
# nobody's who runs them. As an option of Python and no variable, the filter is this process's alone: a measured one
# would start with it.
JOB := $(BIN)/python -W 'ignore:Function `job_execute_command` is superseded:FutureWarning' -m dagster job execute
DEV := $(BIN)/python -W 'ignore:Function `dev_command` is superseded:FutureWarning' -m dagster dev

bench: setup
	@mkdir -p data/results
	@echo "Running the job ci (log: data/results/ci.log) ..."
	@{ timeout -k 30 900 $(JOB) -m pipeline_perf.definitions -j ci 2>&1; echo $$? >data/results/ci.status; } \
		| tee data/results/ci.log | sed -un $(SAID); status=$$(cat data/results/ci.status); rm data/results/ci.status; \
	if [ $$status = 0 ] || ls data/results/*.parquet >/dev/null 2>&1; then $(BIN)/pipeline-perf report; fi; \
	[ $$status = 0 ] || { tail -n 1 data/results/ci.log; echo "The job failed: see data/results/ci.log"; } >&2; \
	exit $$status

test: coverage test-slow

test-fast: setup
	@$(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: setup
	@$(BIN)/python -m pytest -n 2 -m slow

# Counting costs a third of a test's time, and nothing is counted in the whole processes of the slow tier.
coverage: setup
	@$(BIN)/python -m pytest -n 2 -m "not slow" --cov=pipeline_perf

mutation: setup
	@$(BIN)/python -m pipeline_perf_tests.mutation

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

ui: setup
	@echo "Dagster UI: http://localhost:3000 (look at Lineage and Runs); its history is kept in data/dagster"
	@DAGSTER_HOME="$${DAGSTER_HOME:-$(CURDIR)}" $(DEV)

clean:
	rm -rf $(VENV) build *.egg-info data/dagster data/datasets data/lake data/lakes data/results data/reports
