# The front door. `make` alone lists the targets; CI calls nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCAL := $(BIN)/python -m lib.local
COMPOSE ?= docker compose

# Variables from the command line (`make start PORT=5055`) reach the programs unexpanded: a $ in a note or a password does
# not name a variable of make. Exported settings reach them anyway.
$(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),\
  $(eval override $(name) := $$(value $(name)))$(eval export $(name))))

# How messages name make and the service's commands: with the full path if make was called from another folder (make -C),
# so that every line can be pasted where it is read.
ELSEWHERE := $(if $(filter $(PWD),$(CURDIR)),,'$(CURDIR)')
CLI := $(if $(ELSEWHERE),$(ELSEWHERE)/)bin/activity-alerts
export CLI_PREFIX ?= $(CLI)
export MAKE_PREFIX := make$(if $(ELSEWHERE), -C $(ELSEWHERE))

# The folder in which make was called, for the files in ARGS: -C changes the folder, and shells set PWD again.
export MAKE_CALLED_IN := $(value PWD)

# Targets are for the checkout's own instance, whatever the shell has set; those of a further instance say so themselves.
unexport LOCAL_INSTANCE

# If the Python of .venv cannot be run (gone, or another user's), .venv must not look installed, whatever its stamps say:
# lib.install makes it again, or says why it cannot.
ifneq ($(shell test -x $(BIN)/python && echo yes),yes)
.PHONY: $(VENV)/run.stamp $(VENV)/dev.stamp
endif

# $(call there,COMMAND,ELSE): run COMMAND if .venv has a Python. Nothing is installed for it, least of all under a running
# service. Without that Python run ELSE, unless .venv is closed to this user. Commands begin with exec so that ending make
# ends the command, and not only the shell around it.
define there
if [ -x $(BIN)/python ]; then $(1); \
elif LC_ALL=C ls -dL $(BIN)/python 2>&1 | grep -q "Permission denied"; then \
  echo "error: $(VENV) is closed to you: run this as the user who made it" >&2; exit 1; \
else $(2); fi
endef
NOTHING := echo "Nothing was started here: $$MAKE_PREFIX start" >&2
# Without .venv, a service that was started from it may still run: the system's Python can end it.
rest = if [ -e var/supervisor.lock ]; then $(PYTHON) -m lib.local $(1) || test $$? -eq 3; else $(2); fi

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
	  /^[a-z0-9.]+:.*## / {printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# lib.install makes .venv, installs the locked packages and writes the stamp; it prints nothing if there is nothing to do.
$(VENV)/run.stamp: requirements.txt requirements-postgres.txt requirements-install.txt
	@$(PYTHON) -m lib.install run

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@$(PYTHON) -m lib.install dev

##@ Run
.PHONY: start stop status logs event address console.demo console.demo.clean flask
start: $(VENV)/run.stamp ## start the service and its database in the background (PORT=5055 for another port)
	@$(LOCAL) start
stop: ## stop what this checkout started, the demo too; the data stays
	@$(call there,exec $(LOCAL) stop,$(call rest,stop,$(NOTHING)))
status: ## show what runs, where it listens, where its data and logs are
	@$(call there,$(LOCAL) status || test $$? -eq 3,$(call rest,status,$(NOTHING))) # 3: nothing runs, which is no error for make
logs: ## follow the service's log (Ctrl-C ends)
	@$(call there,exec $(LOCAL) logs,$(NOTHING); exit 1)
# No child can hide what stands in make's own arguments. Release 0.1 documented that form, so this one only warns of it.
event: ## send the sample event to the running service (KEY=... make event if keys are required)
ifeq ($(origin KEY),override)
	@echo "warning: with ps everybody on this machine could read this key: replace it ($(CLI) keys rotate PREFIX)." \
	  "Write the key before make, since the next release refuses it after make: KEY=... $$MAKE_PREFIX event" >&2
endif
	@$(call there,exec $(LOCAL) event,$(NOTHING); exit 1)
address: ## print where the running service listens
	@$(call there,exec $(LOCAL) address,$(NOTHING); exit 1)

console.demo: $(VENV)/run.stamp ## start a second instance beside it, with a month of play and cases; prints links that sign in
	@LOCAL_INSTANCE=demo $(LOCAL) start
console.demo.clean: $(VENV)/run.stamp ## end that instance and remove its data (make stop ends it and keeps them)
	@LOCAL_INSTANCE=demo $(LOCAL) clean
flask: $(VENV)/run.stamp ## run a command of the service (ARGS="keys list"), as bin/activity-alerts keys list does
	@$(CLI) $(or $(ARGS),--help)

##@ Database
.PHONY: db.migrate db.revision db.console db.url users.seed
db.migrate: $(VENV)/run.stamp ## apply the migrations
	@$(CLI) db upgrade
db.revision: $(VENV)/dev.stamp ## generate a migration from the models (MESSAGE="what it does")
	@$(CLI) db revision --autogenerate -m "$${MESSAGE:?say what the migration does: make db.revision MESSAGE=\"...\"}"
db.console: $(VENV)/run.stamp ## open psql on the database
	@$(LOCAL) console
db.url: $(VENV)/run.stamp ## print the address of the database, password included
	@$(LOCAL) db-url
users.seed: $(VENV)/run.stamp ## register four sample players and print their ids
	@$(CLI) users seed

##@ Check
PROMTOOL ?= promtool
NO_PROMTOOL := promtool not found. It is part of Prometheus; on Debian, without installing that:\n\
	\tapt-get download prometheus && dpkg -x prometheus_*.deb /tmp/prometheus\n\
	\tmake monitoring.check PROMTOOL=/tmp/prometheus/usr/bin/promtool\n
.PHONY: test coverage e2e readme deploy.check bench bench.quick bench.imports bench.alerts bench.bulkheads bench.backtest bench.draw faults lint format monitoring.check check
# Three test files at a time, since tests mostly wait; the long ones start first (tests/conftest.py). A few that fail so run
# once more, alone (testkit/whole_run.py). Tests chosen by ARGS run one by one.
ALL_TESTS := -n 3 --durations=40 --dist loadfile --no-loadscope-reorder --cov --cov-report=term
test: $(VENV)/dev.stamp ## run unit and integration tests, with a coverage gate (ARGS="-k name" for some of them)
	@$(BIN)/python -m $(if $(ARGS),pytest $(ARGS),testkit.whole_run $(ALL_TESTS))
coverage: $(VENV)/dev.stamp ## run the same, with an HTML report in htmlcov/
	@$(BIN)/python -m pytest $(ALL_TESTS) --cov-report=html
e2e: $(VENV)/dev.stamp ## run tests over HTTP, on a service and database of their own (E2E_URL=... for another service)
	@$(BIN)/python -m e2e $(ARGS)
readme: $(VENV)/dev.stamp ## run the commands of the README and of pages in docs/, word for word
	@$(BIN)/python -m e2e.readme
deploy.check: $(VENV)/dev.stamp ## install for production as docs/deploy.md shows, word for word, in namespaces (root, Debian)
	@$(BIN)/python -m e2e.deploying
bench: $(VENV)/dev.stamp ## measure what an event costs, on servers of its own; writes docs/performance.md (needs wrk)
	@$(BIN)/python -m bench
bench.quick: $(VENV)/dev.stamp ## run the same in about a minute, to find errors and wrong answers; writes nothing
	@$(BIN)/python -m bench --quick
	@$(BIN)/python -m bench.imports --quick
bench.imports: $(VENV)/dev.stamp ## measure what an import costs, beside a bare COPY; writes docs/import-performance.md
	@$(BIN)/python -m bench.imports
bench.alerts: $(VENV)/dev.stamp ## measure what telling others costs an event, and how soon they are told; writes docs/alert-performance.md (ARGS=--quick)
	@$(BIN)/python -m bench.alerts $(ARGS)
bench.bulkheads: $(VENV)/dev.stamp ## measure the p99 of events while others read, draft rules or lock a player; writes docs/bulkheads.md (needs wrk)
	@$(BIN)/python -m bench.bulkheads
bench.backtest: $(VENV)/dev.stamp ## measure of what a backtest's CPU time is made, before and now; writes docs/backtest-performance.md (ARGS="--before REVISION")
	@$(BIN)/python -m bench.backtest.parts $(ARGS)
bench.draw: $(VENV)/dev.stamp ## redraw docs/performance.svg and docs/backtest-performance.svg from their figures, without measuring
	@$(BIN)/python -m bench.redraw
faults: $(VENV)/dev.stamp ## kill, stop and fill up parts under load, and check that nothing is lost; writes docs/reliability.md
	@$(BIN)/python -m e2e.faults
lint: $(VENV)/dev.stamp ## check style, types, import contracts, Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
format: $(VENV)/dev.stamp ## format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
monitoring.check: ## test the alert rules of docs/monitoring (needs promtool; PROMTOOL=/path/to/it)
	@command -v $(PROMTOOL) >/dev/null || { printf "$(NO_PROMTOOL)" >&2; exit 1; }
	@$(PROMTOOL) check config --syntax-only docs/monitoring/prometheus.yml
	@$(PROMTOOL) check rules docs/monitoring/alerts.yml
	@$(PROMTOOL) test rules docs/monitoring/alerts_test.yml
check: lint test ## run all that CI does before it starts the service

##@ Docker
.PHONY: docker.start docker.stop docker.logs docker.here
docker.start: docker.here ## start service and PostgreSQL with compose
	@$(COMPOSE) up --build --detach --wait
docker.stop: docker.here ## stop both; the volume with the data stays
	@$(COMPOSE) down
docker.logs: docker.here ## follow both logs
	@$(COMPOSE) logs --follow
docker.here:
	@$(COMPOSE) version >/dev/null 2>&1 || \
	  { echo "docker compose not found: install it, or use make start" >&2; exit 1; }

##@ Upkeep
.PHONY: openapi lock audit sbom clean
# The document is made from the views; whatever DATABASE_URL says, nothing connects to it.
openapi: $(VENV)/dev.stamp ## write docs/openapi.json again, to review a changed contract
	@DATABASE_URL=postgresql://127.0.0.1/nothing $(BIN)/python -m flask --app app spec --quiet --indent 1 --output docs/openapi.json
# One lock for every Python from 3.11 on and every platform: packages that only some need carry a condition.
UV := $(VENV)/installer/bin/uv
COMPILE := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml
lock: $(VENV)/dev.stamp ## compile the locked requirements from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(COMPILE) $(ARGS) -o requirements.txt
	@$(COMPILE) $(ARGS) --extra postgres -c requirements.txt -o requirements-postgres.txt
	@$(COMPILE) $(ARGS) --extra dev -c requirements.txt -c requirements-postgres.txt -o requirements-dev.txt
	@printf 'uv\n' | $(COMPILE:pyproject.toml=-) $(ARGS) -o requirements-install.txt
	@printf 'pip-audit\n' | $(COMPILE:pyproject.toml=-) $(ARGS) -o requirements-audit.txt
audit: $(VENV)/dev.stamp ## look for known vulnerabilities in the locked packages (ARGS=--if-reachable: no error if offline)
	@$(BIN)/python -m lib.install.audit $(ARGS)
SBOM := var/sbom.cdx.json
sbom: $(VENV)/dev.stamp ## list the service's components in var/sbom.cdx.json (CycloneDX)
	@mkdir -p $(dir $(SBOM))
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o $(SBOM)
	@echo "Written: $(SBOM)"
clean: ## stop, then remove the virtual environment, the database with its data, and the caches
	@$(call there,exec $(LOCAL) clean,$(call rest,clean,:))
	@rm -rf $(VENV) var htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
