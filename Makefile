# What people type; the work is done by the scripts in scripts/.
# Needs Debian or Ubuntu with make, git and Python 3.11 or newer (with its venv package).

PYTHON ?=
ARGS ?=
BIN := .venv/bin
QUICK := not (slow or simulation or dovecot or browser or corpora or reliability or pages)
PAGE_TESTS = $(wildcard $(addprefix tests/test_,datasette.py *page*.py charts.py feeds.py lock.py snapshots.py \
	workbooks.py))

GENERATED := README.md docs/commands.md docs/methodology.md docs/tables.md

.DEFAULT_GOAL := help
.PHONY: help install demo test reliability pages next-datasette quick real-mail accuracy simulations simulation-tables faults bench bench-pages bench-engines pictures lint format docs lock clean

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: ## Makes .venv with the locked packages and the project in it
	@PYTHON='$(PYTHON)' scripts/install

demo: install ## Runs the whole job on a sample mailbox, then Datasette (ARGS="--port 8002")
	@$(BIN)/inbox-agent demo $(ARGS)

test: install ## Runs the tests (ARGS="-k silence"); as root fetches Dovecot and Chromium first
	@scripts/install-test-packages
	@$(BIN)/python -m pytest -n 2 -m 'not (reliability or simulation or corpora or pages)' $(ARGS)

reliability: install ## Runs those of crashes, cuts, stops, erasures and four servers
	@scripts/install-test-packages
	@$(BIN)/python -m pytest -n 3 -m reliability $(ARGS)

pages: install ## Runs those of the pages in a real browser
	@scripts/install-test-packages
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m 'pages and not corpora' $(ARGS)

next-datasette: install ## Runs the quick ones of the pages on the coming Datasette 1.0 (alpha)
	@scripts/install .venv-datasette-1 requirements-datasette-1.lock
	@.venv-datasette-1/bin/python -m pytest -n 2 -m 'not (corpora or browser or slow)' $(PAGE_TESTS) $(ARGS)

simulation-tables: install ## Writes docs/simulations.md: the figures beside a known truth
	@$(BIN)/python tests/simulations/report.py

simulations: install ## Runs those on simulated partnerships and on real mail
	@scripts/install-test-packages
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m '(simulation or corpora) and not reliability' $(ARGS)

quick: install ## Runs the tests that take seconds and need nothing but Python
	@$(BIN)/python -m pytest -m '$(QUICK)' $(ARGS)

real-mail: install ## Runs the product on the mail in INBOX_AGENT_CORPORA and prints counts
	@$(BIN)/python tests/real_mail.py

accuracy: install ## Measures on that mail how right it is; writes docs/accuracy.md
	@scripts/install-test-packages
	@$(BIN)/python tests/accuracy/report.py

faults: install ## Kills runs, cuts connections, has days go by; writes docs/reliability.md
	@scripts/install-test-packages
	@$(BIN)/python tests/faults/report.py $(ARGS)

bench: install ## Measures how fast it is (ARGS="--quick", ARGS="polls start_up")
	@scripts/install-test-packages
	@$(BIN)/python -m benchmarks.all $(ARGS)

bench-pages: install ## Measures how long pages take with 1,000 partners, while they are published
	@$(BIN)/python -m benchmarks.pages $(ARGS)

bench-engines: install .venv-engines/.installed ## Measures rebuild beside DuckDB and Polars (ARGS="--letters 1000000")
	@$(BIN)/python -m benchmarks.rebuild $(ARGS)

.venv-engines/.installed: benchmarks/engines.lock | install
	@rm -rf .venv-engines
	@$(BIN)/python -m venv .venv-engines
	@.venv-engines/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

pictures: install ## Takes the pictures of README and docs, of the demo
	@scripts/install-test-packages
	@$(BIN)/python tests/demo_pictures.py

lint: install ## Checks style, formatting and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/mypy --no-error-summary --strict scripts/check_skips.py scripts/write_docs.py
	@echo "Style, formatting and types are in order"

format: install ## Puts imports and formatting in order
	@$(BIN)/ruff check --quiet --select I --fix .
	@$(BIN)/ruff format --quiet .

docs: install ## Writes the generated parts of the documentation anew
	@$(BIN)/python scripts/write_docs.py
	@$(BIN)/cog -r -I scripts --verbosity=1 $(GENERATED)

lock: install ## Writes requirements.lock anew from pyproject.toml (needs uv in .venv)
	@scripts/lock

clean: ## Removes .venv, caches and builds; keeps databases
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
