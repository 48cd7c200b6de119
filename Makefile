# Shortcuts for developers over bin/: each works from a clean clone, twice, in any order.
.DEFAULT_GOAL := help
BENCHES := ladder examine quality lookalikes whole_way broker uploads
.PHONY: help setup run test lint bench lock format

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## install everything for running, testing and linting; start nothing
	@bin/setup --test

run: ## start Lan Tỏa (PORT=8000, DATA=var)
	@bin/run

test: ## run all tests
	@bin/test

lint: setup ## check style, types, layers, dependencies and templates
	@bin/lint

format: setup ## let ruff put the code in order
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup ## measure; prints the tables of docs/
	@for name in $(BENCHES); do \
	  echo "== bench/$$name.py"; .venv/bin/python bench/$$name.py || exit 1; \
	done

lock: ## make the lock files again (needs uv and npm)
	@bin/lock
