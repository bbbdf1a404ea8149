PORT ?= 8000
BIN = .venv/bin
MANAGE = $(BIN)/python manage.py
# One more than two cores: a process waits for disks, for servers and for what it started. Each costs
# fifteen seconds of the processor, to read the tests.
PYTEST = $(BIN)/python -m pytest --numprocesses=3 --dist=worksteal
# What `make test` runs on each database, and what it leaves there to `make test-rest`.
SQLITE = not thorough and (any_database or not postgresql)
SQLITE_REST = thorough or (postgresql and not any_database)
POSTGRESQL = not any_database and not thorough and postgresql
POSTGRESQL_REST = not any_database and (thorough or not postgresql)
# On PostgreSQL. Pages in a browser, and the files of the code, know no database.
WITH_BILLING = --ignore=tests/browser --ignore=tests/weblog --ignore=tests/test_architecture.py
WEBLOG_ALONE = --ds=tests.settings_weblog_only tests/weblog tests/test_weblog_only.py
LOCK = $(BIN)/uv pip compile --quiet --no-config --universal --python-version=3.12 \
	--generate-hashes --custom-compile-command="make lock"

# The settings of an installation, for what is checked of one.
DEPLOYED = DEBUG=0 ALLOWED_HOSTS=example.org SITE_URL=https://example.org JOBS_STARTED_BY=elsewhere \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')

.DEFAULT_GOAL = help
.PHONY: help setup setup-dev free-port run test test-rest test-all quick test-long test-alone test-deploy test-scale coverage mutate lint screenshots audit bench bench-robots lock sbom cron-install backup restore

# `make run` leaves the choice to the environment; what checks the code does not.
run: export DEBUG ?= 1
lint: export DEBUG = 1
test test-rest quick test-long test-alone test-deploy test-scale coverage mutate screenshots: export DEBUG = 0
# Each worker and each process that a test starts would compile all modules anew.
test test-rest quick test-long test-alone test-deploy test-scale coverage: export PYTHONDONTWRITEBYTECODE =

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s%s\n", $$1, $$2 }' Makefile

setup: ## Prepare .venv to run the application
	@tools/setup.sh requirements.txt

setup-dev: ## Prepare .venv to test and change it as well
	@tools/setup.sh requirements-dev.txt

free-port:
	@python=$$(tools/find_python.sh) && "$$python" tools/check_port.py $(PORT)

run: free-port setup ## Start the demo on http://127.0.0.1:8000/ (or PORT=...)
	@$(MANAGE) setup_demo
	@exec $(MANAGE) runserver 127.0.0.1:$(PORT)

test: setup-dev ## Run what a commit needs, in five minutes: SQLite, PostgreSQL, weblog alone
	@tools/install_browser.sh
	DATABASE_URL=sqlite:///var/db.sqlite3 $(PYTEST) -m "$(SQLITE)" \
		$(if $(COVERAGE),--cov --cov-report= --cov-fail-under=0)
	$(BIN)/python -m tests.on_postgres sh -ec '\
		$(PYTEST) -m "$(POSTGRESQL)" $(WITH_BILLING); \
		$(PYTEST) -m "$(POSTGRESQL)" $(WEBLOG_ALONE)'

test-rest: setup-dev ## Run all tests that `make test` does not; an hour
	@tools/install_browser.sh
	DATABASE_URL=sqlite:///var/db.sqlite3 $(PYTEST) -m "$(SQLITE_REST)" \
		$(if $(COVERAGE),--cov --cov-append)
	$(BIN)/python -m tests.on_postgres sh -ec '\
		$(PYTEST) -m "$(POSTGRESQL_REST)" $(WITH_BILLING); \
		$(PYTEST) -m "$(POSTGRESQL_REST)" $(WEBLOG_ALONE)'

test-all: test test-rest ## Run all tests, as CI does; COVERAGE=1 follows branches on SQLite

quick: setup-dev ## Run what is quick to run, in a minute: SQLite, no browser, nothing killed
	DATABASE_URL=sqlite:///var/db.sqlite3 $(PYTEST) --numprocesses=auto \
		-m "not slow and not thorough" --ignore=tests/browser

test-long: setup-dev ## Run in full what the tests take a sample of
	@tools/install_browser.sh
	DATABASE_URL=sqlite:///var/db.sqlite3 TEST_ALL=1 $(PYTEST) -m long
	TEST_ALL=1 $(BIN)/python -m tests.on_postgres $(PYTEST) -m "long and not any_database" \
		--ignore=tests/browser

test-alone: setup-dev ## Run the browser's tests of weblog without billing
	@tools/install_browser.sh
	DATABASE_URL=sqlite:///var/db.sqlite3 $(PYTEST) --ds=tests.settings_weblog_only \
		tests/browser/test_public_site.py tests/browser/test_editorial_day.py \
		tests/browser/test_kept_texts.py -k "not every_page"

test-deploy: setup-dev ## As root: install by docs/operations.md, and try nginx, gunicorn, cron
	@CI=true tools/install_browser.sh
	DATABASE_URL=sqlite:///var/db.sqlite3 $(BIN)/pytest -p no:randomly -rP tests/deploy/try_*.py

test-scale: setup-dev ## As root: kill brokers, consumers and PostgreSQL under readers; 3 minutes
	DATABASE_URL=sqlite:///var/db.sqlite3 $(BIN)/pytest -p no:randomly -rP tests/scale/try_*.py

coverage: setup-dev ## Print what the tests on SQLite do not reach; fails where that is much
	@tools/install_browser.sh
	DATABASE_URL=sqlite:///var/db.sqlite3 $(PYTEST) --cov

mutate: setup-dev ## Change the rooms of money in COUNT=100 places, SEED=1; list what no test noticed
	$(BIN)/python -m tools.mutate $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ONLY),--only $(ONLY))

lint: setup-dev ## Check style, templates, imports, types, migrations and settings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	find backoffice weblog billing -path '*/templates/*.html' \
		-exec $(BIN)/djade --check --target-version 6.1 {} +
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.supply_chain.audit
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check
	$(BIN)/mypy
	$(DEPLOYED) $(MANAGE) collectstatic --no-input --verbosity 0
	$(DEPLOYED) $(MANAGE) check --deploy --fail-level WARNING

screenshots: setup-dev ## Take docs/screens again: every page of every role, light, dark, desk, phone
	@tools/install_browser.sh
	rm -rf var/screens
	DATABASE_URL=sqlite:///var/db.sqlite3 SCREENS=var/screens $(BIN)/pytest --numprocesses=2 \
		--dist=worksteal tests/browser/take_screens.py
	$(BIN)/python -m tools.screens var/screens docs/screens

bench-robots: setup-dev ## Print how many robots the lists find, and how many people they hit
	$(BIN)/python -m benchmarks.robots

bench: setup-dev ## Measure the speed, on an idle machine; half an hour
	for name in record_view fold_views import_access_log detail_page build_batch verify_payouts verify_views books export_payments audit_trail; do \
		$(BIN)/python -m benchmarks.$$name || exit 1; \
	done

sbom: setup-dev ## Write the bill of materials (CycloneDX) to var/sbom.json
	@mkdir -p var
	$(BIN)/python -m tools.supply_chain.sbom > var/sbom.json

audit: setup-dev ## Look for known holes in what is locked and served, without the network
	$(BIN)/python -m tools.supply_chain.audit

lock: setup-dev ## Compile requirements*.txt from requirements*.in
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-scale.in --output-file requirements-scale.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt

backup: ## Write all that this installation holds into one file: TO=folder
	@$(MANAGE) backup $(if $(TO),--to "$(TO)")

restore: ## Restore FILE=... into an empty installation (REPLACE=1: into this one, which is lost)
	@$(MANAGE) restore "$(FILE)" $(if $(REPLACE),--replace)

cron-install: setup ## Install the cron jobs of this checkout for the current user
	@test -f .env || { echo "Jobs see .env only: copy .env.example to it first" >&2; exit 1; }
	@$(MANAGE) install_jobs
