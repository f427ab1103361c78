# The commands of a working day. `make` alone lists them.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check
# Modules are compiled at their first import, and kept, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE
RUN := postgresql,mysql,openstack,devstack
# The first interpreter that really runs and is new enough.
PYTHON ?= $(firstword $(foreach p,python3.11 python3 python3.13 python3.12,\
	$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
DECLARED := setup.cfg setup.py requirements.txt pyproject.toml
# What does not mind others at work beside it.
MANY := $(wildcard tests/unit tests/architecture tests/functional)
# What `quick` tries of it, save what is slow or needs servers: whole planes it leaves out.
QUICK := tests/unit tests/architecture $(patsubst %,tests/functional/%,db engine policy)
# What runs a second time on eventlet, against whole planes.
GREEN := $(patsubst %,tests/functional/test_%.py,gabbits health plane verbs)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo demo-rack test eventlet quick checks format samples docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(VENV)/.test ## make .venv with the project, its commands and its tools in it

demo: $(VENV)/.run ## take 8 simulated machines to active (KEEP=1 leaves them running)
	@$(BIN)/python -m baremetal.cmd.demo $(if $(KEEP),--keep)

demo-rack: $(VENV)/.run ## take 2 virtual machines to the prompt of their image (root)
	@.ci/system-packages rack
	@$(BIN)/python -m devstack.machines.demo

test: $(VENV)/.test ## everything: checks, then every test on real services
	@.ci/system-packages test
	@$(MAKE) --no-print-directory checks
	@$(BIN)/pytest -q -n 2 --dist worksteal $(MANY)
	@$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder \
		$(filter-out $(MANY),$(patsubst %/,%,$(wildcard tests/*/)))
	@echo "Once more, on the eventlet back end:"
	@BAREMETAL_TESTS_BACKEND=eventlet $(BIN)/pytest -q -n 2 --dist worksteal $(GREEN)

eventlet: $(VENV)/.test ## all tests of whole planes on the eventlet back end (test: some)
	@BAREMETAL_TESTS_BACKEND=eventlet $(BIN)/pytest -q -n 2 --dist worksteal \
		$(wildcard tests/functional/test_*.py)

quick: checks ## under a minute: checks, then the tests that need no services
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not slow and not postgres and not services" $(QUICK)

checks: $(VENV)/.test ## style, types and the import rule
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@verdict=$$($(BIN)/lint-imports --no-logo) || { echo "$$verdict"; exit 1; }

format: $(VENV)/.test ## put every file into the project's style
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

samples: $(VENV)/.test ## write the samples in etc/ anew
	@$(BIN)/oslo-config-generator --config-file etc/config-generator.conf
	@$(BIN)/oslopolicy-sample-generator --config-file etc/policy-generator.conf

docs: $(VENV)/.test ## the manual, into doc/build/html
	@$(BIN)/sphinx-build -W --keep-going -E -q -b html doc doc/build/html
	@echo "doc/build/html/index.html"

clean: ## remove everything that these commands have made
	@! kill -0 $$(cat .demo/pids 2>/dev/null) 2>/dev/null || \
		{ echo 'The demo still runs; end it first: kill $$(cat .demo/pids)'; exit 1; }
	rm -rf $(VENV) .demo .demo-rack .tox build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis doc/build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than what it was made from. What is never imported is never compiled.
$(VENV)/bin/python:
	@$(if $(PYTHON),,echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it"; exit 1)
	@.ci/system-packages venv $(PYTHON)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(DECLARED) | $(VENV)/bin/python
	@echo "Installing Baremetal into $(VENV)"
	@$(PIP) -e '.[$(RUN)]'
	@touch $@

$(VENV)/.test: $(DECLARED) | $(VENV)/bin/python
	@echo "Installing Baremetal, the tools and tests' libraries into $(VENV)"
	@$(PIP) -e '.[$(RUN),test,doc]'
	@touch $(VENV)/.run $@
