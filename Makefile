# Two commands matter: `make run` and `make test`. `make help` lists all.

HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= 1
LIAISON_DATA ?= instance
ENGINES ?= sqlite,postgresql
JOBS ?= 2
ARGS ?=

BIN := .venv/bin
POT ?= messages.pot
TRANSLATIONS := liaison_app/translations
CATALOGUES := $(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/messages.po)

export LIAISON_DATA
export TEST_ENGINES := $(ENGINES)
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test snapshots storms lint bench catalogue extract lock venv venv-test translations

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12
	@echo
	@echo "make run takes HOST ($(HOST)), PORT ($(PORT)), DEMO ($(DEMO)) and LIAISON_DATA ($(LIAISON_DATA))"
	@echo "make test takes ENGINES ($(ENGINES)), JOBS ($(JOBS)) and ARGS, which go to pytest"

ifneq ($(LIAISON_MODE),production)
# Links in messages and QR codes lead to where the demo is served.
run: export LIAISON_BASE_URL ?= http://$(HOST):$(PORT)
endif
run: venv translations ## install, migrate, and start the web server and its worker
	@LIAISON_DEMO="$(DEMO)" exec $(BIN)/flask --app wsgi serve --host "$(HOST)" --port "$(PORT)"

test: venv-test translations ## the whole suite, on SQLite and on PostgreSQL
	@$(BIN)/python -m pytest -n "$(JOBS)" $(ARGS)

snapshots: venv-test translations ## write the texts of all messages anew, into tests/snapshots
	@SNAPSHOTS=write $(BIN)/python -m pytest -q tests/messages/test_snapshots.py

storms: venv-test translations ## the long races
	@HYPOTHESIS_PROFILE=storm $(BIN)/python -m pytest -m storm $(ARGS)

lint: venv-test ## style, types, what may import what, the English catalogue
	@status=0; for check in "ruff check --output-format=concise ." mypy "lint-imports --no-logo" \
	  "python -m pytest -q tests/architecture/test_catalogue.py"; do $(BIN)/$$check || status=1; done; exit $$status

bench: venv-test translations ## the benchmarks; the machine should be quiet
	@$(BIN)/python -m benchmarks $(ARGS)

catalogue: venv-test extract ## bring the English catalogue up to date with the texts in the source
	@$(BIN)/pybabel -q update -i "$(POT)" -d $(TRANSLATIONS) -l en --init-missing --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@$(MAKE) translations

extract:
	@$(BIN)/pybabel -q extract -F pyproject.toml -k _l -k N_ -k lazy_gettext -k lazy_ngettext:1,2 \
	  --add-location=file --sort-by-file --project=liaison-station --copyright-holder="The liaison-station authors" -o "$(POT)" .

lock: venv-test ## compile the lock files anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(UV_COMPILE) -o requirements.lock
	@$(UV_COMPILE) --group test -c requirements.lock -o requirements-test.lock

# Hashes of all platforms and Pythons, and no address of where the packages came from.
UV_COMPILE = $(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --custom-compile-command "make lock"

venv:
	@sh deploy/venv.sh requirements.lock

venv-test:
	@sh deploy/venv.sh requirements-test.lock

translations: $(CATALOGUES:.po=.mo)

%.mo: %.po
	@$(BIN)/pybabel -q compile -i $< -o $@
