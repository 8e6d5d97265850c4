# Everything a newcomer does here is one of these commands; `make` alone lists them.
# Nothing is installed outside this folder.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo local live pictures test slow e2e fuzz lint format types conformance convergence bench bench-optimizer bench-limit deploy pin clean check-template

BIN := .venv/bin
SAM := .tools/sam/bin/sam

# Caches and settings of the tools stay in the project too.
export MPLCONFIGDIR := $(CURDIR)/.tools/cache/matplotlib
export SAM_CLI_TELEMETRY := 0
export __SAM_CLI_APP_DIR := $(CURDIR)/.tools/cache/sam

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the project needs, inside this folder
	@bash local/bootstrap.sh

demo: setup ## one day of a constrained site; SESSIONS=FILE.csv DAY=2019-03-05 LIMIT_KW=30 for real sessions
	@$(BIN)/python -m local.demo $(if $(SESSIONS),--sessions '$(SESSIONS)') $(if $(DAY),--day '$(DAY)') $(if $(LIMIT_KW),--limit-kw '$(LIMIT_KW)')

local: setup ## the whole platform on this machine, up until Ctrl-C; ROLES='CPO EMSP:NL/TNM' OCPI_LOCAL_PORT=N
	@$(BIN)/python -m local.up $(if $(ROLES),'$(ROLES)')

live: setup ## a site to watch on the page of energy managers, a day at 20 times its pace, until Ctrl-C; RATE=20 FROM=08:30
	@$(BIN)/python -m local.live $(if $(RATE),--rate '$(RATE)') $(if $(FROM),--from '$(FROM)') $(ARGS)

test: setup ## unit, contract and template tests, and those of the page
	$(BIN)/pytest -n auto -m 'not e2e and not slow' $(ARGS)
	node page/test.mjs

slow: setup ## the proofs that take longest: a day and a month of charging, stories of faults, every check of a platform
	$(BIN)/pytest -n auto -m 'slow and not e2e' $(ARGS)

e2e: setup ## end-to-end tests: deploy the real template on the local AWS and use it; ARGS='-m e2e' with a day of real sessions
	$(BIN)/pytest -m 'e2e and not slow' $(ARGS)

fuzz: setup ## bad input, for long: FUZZ_EXAMPLES=N of everything, other ones in each run
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),500) $(BIN)/pytest -n auto tests/fuzz $(ARGS)

convergence: setup ## faults for long: SEEDS=N stories of two platforms, and each call of each function gone wrong
	THOROUGH=1 $(BIN)/pytest -q -n auto tests/delivery tests/functions/test_exactly_one_result.py \
		tests/functions/test_pulled_lists_converge.py tests/unit/optimizer/test_issuing_machine.py
	$(BIN)/python -m tests.delivery $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

lint: setup check-template ## ruff, the template, the shell scripts' syntax, the page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	bash -n local/bootstrap.sh local/chromium.sh requirements/pin.sh .ci/run
	cd page && node_modules/.bin/biome ci
	page/node_modules/.bin/biome ci --config-path=page tests/browser

check-template: setup
	AWS_DEFAULT_REGION=eu-central-1 $(SAM) validate --lint --template template.yaml
	.tools/sam/bin/cfn-lint template.yaml

format: setup ## put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd page && node_modules/.bin/biome check --write

types: setup ## mypy and tsc, strict
	$(BIN)/mypy .
	page/node_modules/.bin/tsc --project page

conformance: setup ## run all but the end-to-end tests and write which of them shows which rule of OCPI
	$(BIN)/pytest -n auto -m 'not e2e' -p tests.conformance.report --conformance=docs/conformance.md $(ARGS)

bench: setup ## what is measured, as one command
	$(BIN)/python -m benchmarks $(ARGS)

bench-optimizer: setup ## what plans cost and how good they are, beside others; SESSIONS=FILE.csv for a real month
	$(BIN)/python -m benchmarks.optimizer $(if $(SESSIONS),--sessions '$(SESSIONS)') $(ARGS)

bench-limit: setup ## from a limit that is lowered to the last charge point that has heard, for 50, 200 and 1,000 cars
	@$(BIN)/python -m benchmarks.limit $(ARGS)

pictures: setup ## the pictures of the page in docs/pictures, made anew
	$(BIN)/pytest -q -m e2e tests/e2e/test_page.py $(ARGS)
	mkdir -p docs/pictures
	cp .local/screenshots/{site,limits,history,phone-dark}.png docs/pictures/

deploy: setup ## deploy to your AWS account, with your usual AWS settings; STACK=name REGION=region, or ARGS=--guided
	@$(BIN)/python -m local.deploy $(if $(STACK),--stack-name '$(STACK)') $(if $(REGION),--region '$(REGION)') $(ARGS)

pin: ## choose all versions anew and pin them, with hashes
	@bash requirements/pin.sh

clean: ## remove everything that was built or installed here
	rm -rf .aws-sam .hypothesis .local .tools .venv functions/energy/assets page/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
