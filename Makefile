# Everything runs in .venv, which is made and filled by itself when it is missing or out of date.

# Any Python from 3.11 on: make run PYTHON=/usr/bin/python3.13
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$python; break; fi; done)
PY := .venv/bin/python
INSTALLED := .venv/.installed

# Where a shell forbids it, each of a dozen processes would compile the whole house anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check types collected format lint contracts document bench proof-cards proof-webhooks proof-rails fmt migrate openapi clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile
	@echo '  Options of the stack:  make run ARGS="--no-demo --ephemeral --workers 2 --ports auto"'

run: $(INSTALLED) ## Start the whole gateway, pay a bill and by card, stay until Ctrl-C
	@$(PY) cli.py dev $(ARGS)

# They wait for servers and timers so often that two processes for each of two cores keep them busy.
test: check ## Check everything, then run every test (ARGS="tests/unit -x" chooses)
	@$(PY) -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# The longest first; all of them say what they found, and together they are as long as that one.
check: $(INSTALLED) ## Format, lint, types, import contracts, tests that load, OpenAPI in sync
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync types collected format lint contracts document

types:
	@$(PY) -m mypy .

# It also compiles the tests, which each process of theirs would otherwise do for itself.
collected:
	@said=$$($(PY) -m pytest --collect-only -qq 2>&1) || { echo "$$said"; exit 1; }

format:
	@$(PY) -m ruff format --check .

lint:
	@$(PY) -m ruff check .

contracts:
	@.venv/bin/lint-imports

document:
	@$(PY) cli.py openapi --check

bench: $(INSTALLED) ## Measure speed and cost against their denominators
	@$(PY) -m bench $(ARGS)

proof-cards: $(INSTALLED) ## 1,200 card payments while everything fails: every book agrees to the cent
	@$(PY) -m tests.proofs.cards $(ARGS)

proof-webhooks: $(INSTALLED) ## 2,000 payments while Temporal dies too: every event reaches every partner
	@$(PY) -m tests.proofs.cards --payments 2000 --stripe 0 --engine $(ARGS)

proof-rails: $(INSTALLED) ## Banks, codes, disputes and payouts, 200 of each, the same way
	@$(PY) -m tests.proofs.rails --engine $(ARGS)

fmt: $(INSTALLED) ## Format, and fix what can be fixed safely
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

migrate: $(INSTALLED) ## Bring the database of QUITTANCE_MIGRATION_DATABASE_URL up to date
	@$(PY) cli.py migrate $(ARGS)

openapi: $(INSTALLED) ## Write the OpenAPI file anew
	@$(PY) cli.py openapi $(ARGS)

clean: ## Remove .venv and every cache; the state in .quittance stays
	@rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.txt pyproject.toml $(wildcard sdks/python/pyproject.toml)
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer was not found; say make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) payments/stack/install.py
