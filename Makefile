# The front door. `make` alone lists what there is; CI calls nothing but these targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCAL := $(BIN)/python -m lib.local
COMPOSE ?= docker compose

# Settings given on the command line (`make start PORT=5055`) reach the programs through the environment.
ifdef PORT
export PORT
endif
ifdef HOST
export HOST
endif

# A .venv whose Python has gone (moved, upgraded away) must not look installed.
ifneq ($(wildcard $(VENV)),)
$(shell test -x $(BIN)/python || rm -f $(VENV)/*.stamp)
endif

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
	  /^[a-z0-9.]+:.*## / {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# bootstrap makes .venv, installs the pinned packages and leaves the stamp; it is quiet when there is nothing to do.
$(VENV)/run.stamp: requirements.txt requirements-postgres.txt
	@$(PYTHON) lib/local/bootstrap.py run

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@$(PYTHON) lib/local/bootstrap.py dev

##@ Run
.PHONY: start stop status logs event
start: $(VENV)/run.stamp ## start the service and its database in the background (PORT=5055 for another port)
	@$(LOCAL) start
stop: $(VENV)/run.stamp ## stop what this checkout started; data stays
	@$(LOCAL) stop
status: $(VENV)/run.stamp ## what runs, where it listens, where its data and logs are
	@$(LOCAL) status
logs: $(VENV)/run.stamp ## follow the log of the service (Ctrl-C ends)
	@$(LOCAL) logs
event: $(VENV)/run.stamp ## send the sample event to the running service
	@$(LOCAL) event

##@ Database
.PHONY: db.migrate db.revision db.console db.url users.seed
db.migrate: $(VENV)/run.stamp ## apply the migrations
	@$(LOCAL) run -- $(BIN)/python -m flask --app app db upgrade
db.revision: $(VENV)/run.stamp ## write a new migration from the models (MESSAGE="what it does")
	@$(LOCAL) run -- $(BIN)/python -m flask --app app db revision --autogenerate -m "$(or $(MESSAGE),$(error Say what the migration does: make db.revision MESSAGE="..."))"
db.console: $(VENV)/run.stamp ## open psql on the database
	@$(LOCAL) console
db.url: $(VENV)/run.stamp ## print the address of the database, password included
	@$(LOCAL) db-url
users.seed: $(VENV)/run.stamp ## register four sample users and print their ids
	@$(LOCAL) run -- $(BIN)/python -m flask --app app users seed

##@ Check
.PHONY: test coverage e2e readme lint format check
test: $(VENV)/dev.stamp ## unit and integration tests, coverage gated (ARGS="-k name" for some of them)
	@$(BIN)/python -m pytest $(or $(ARGS),--cov --cov-report=term)
coverage: $(VENV)/dev.stamp ## the same, with an HTML report in htmlcov/
	@$(BIN)/python -m pytest --cov --cov-report=term --cov-report=html
e2e: $(VENV)/dev.stamp ## tests over HTTP against the running service, a day of play among them
	@E2E_URL=$${E2E_URL:-$$($(LOCAL) address)} && export E2E_URL && $(BIN)/python -m pytest e2e $(ARGS)
readme: $(VENV)/dev.stamp ## do what the README shows, word for word
	@$(BIN)/python -m e2e.readme
lint: $(VENV)/dev.stamp ## style, types, import contracts, Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
format: $(VENV)/dev.stamp ## put the code in shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
check: lint test ## all that CI does before it starts the service

##@ Docker
.PHONY: docker.start docker.stop docker.logs
docker.start: ## web and PostgreSQL with compose
	@$(COMPOSE) up --build --detach --wait
docker.stop: ## stop both; the volume with the data stays
	@$(COMPOSE) down
docker.logs: ## follow the logs of both
	@$(COMPOSE) logs --follow

##@ Upkeep
.PHONY: lock clean
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(VENV)/dev.stamp ## compile the pinned requirements from pyproject.toml (ARGS=--upgrade for newer ones)
	@$(COMPILE) $(ARGS) -o requirements.txt pyproject.toml
	@$(COMPILE) $(ARGS) --extra postgres -c requirements.txt -o requirements-postgres.txt pyproject.toml
	@$(COMPILE) $(ARGS) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
clean: ## stop, then remove the virtual environment, the database with its data, and the caches
	@if [ -x $(BIN)/python ]; then $(LOCAL) clean; fi
	@rm -rf $(VENV) var htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
