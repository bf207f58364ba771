# `make` alone says what there is. Needs Python 3.11 or newer; the rest is fetched.

VENV ?= .venv
PORT ?= 8000
SECONDS ?= 600
PLOT ?= cost.svg
# What of the tests to run, as in make test TESTS=tests/catalog
TESTS ?=
# The newest of the supported ones; a name that answers but is too old is passed over.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$name"; break; }; done)

RUN = $(VENV)/bin/python
PIP = $(RUN) -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes
TEXTS = $(patsubst %.po,%.mo,$(wildcard shopsite/locale/*/LC_MESSAGES/django.po))

.NOTPARALLEL:

# Where it is set each of the many processes compiles all libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## say what there is
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1|\2/p' Makefile | while IFS='|' read -r name what; \
	do printf '%-20s %s\n' "$$name" "$$what"; done

.PHONY: demo
demo: $(VENV)/.shop $(TEXTS) ## the whole shop on this machine (PORT=8000), until Ctrl-C
	@exec $(RUN) manage.py demo --port $(PORT)

.PHONY: test
test: $(VENV)/.dev $(TEXTS) ## the tests, on the embedded Kafka and MongoDB
	$(RUN) -m pytest $(TESTS)

.PHONY: test-kafka
test-kafka: $(VENV)/.dev $(TEXTS) ## the tests on a real Apache Kafka (needs Java 17, Maven, Node)
	$(RUN) infra/kafka/run.py --temporary -- $(RUN) -m pytest $(TESTS)

.PHONY: test-slow
test-slow: $(VENV)/.dev $(TEXTS) ## the tests that kill, cut and pause processes (needs Java 17, Maven)
	$(RUN) infra/kafka/run.py --temporary -- $(RUN) -m pytest -m slow $(TESTS)

.PHONY: test-browser
test-browser: $(VENV)/.dev $(TEXTS) ## the tests that drive Chromium
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	&& apt-get update -qq && apt-get install -y -qq chromium; } \
	|| { echo "Install Chromium first, so that chromium is on PATH." >&2; exit 1; }
	$(RUN) -m pytest -m browser $(TESTS)

.PHONY: chaos
chaos: $(VENV)/.dev ## ill-treat the shop for SECONDS=600, and print what came of each fault
	$(RUN) -m tests.chaos --seconds $(SECONDS)

.PHONY: tools
tools: $(VENV)/.dev $(TEXTS) ## what developing the shop needs, in .venv

.PHONY: lint
lint: $(VENV)/.dev ## style, types, and which app may import which
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy --strict infra/kafka/run.py
	$(VENV)/bin/lint-imports

.PHONY: bench
bench: $(VENV)/.dev ## what events and pages cost, beside others, in ten minutes; draws PLOT=cost.svg
	$(RUN) -m benchmarks --plot $(PLOT)

.PHONY: bench-quick
bench-quick: $(VENV)/.dev ## the same in small; fails if a ratio is far below its goal
	$(RUN) -m benchmarks --quick

.PHONY: bench-full
bench-full: $(VENV)/.dev ## the same with 1,000,000 events: an hour, or more on the embedded MongoDB
	$(RUN) -m benchmarks --full --plot $(PLOT)

.PHONY: kafka
kafka: $(VENV)/.made ## a real Apache Kafka on 127.0.0.1:9092, until Ctrl-C (needs Java 17, Maven)
	@exec $(RUN) infra/kafka/run.py

.PHONY: requirements
requirements: $(VENV)/.dev ## pin again what pyproject.toml asks for
	$(PIN) -o requirements.txt
	$(PIN) --group dev --constraint requirements.txt -o requirements-dev.txt
PIN = $(VENV)/bin/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make requirements"

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "The shop needs Python 3.11 or newer, and none of python3.13," \
	"python3.12, python3.11 and python3 is that: install one, or name it, as in" \
	"make demo PYTHON=/opt/python3.12/bin/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python could not make a virtual environment." \
	"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.shop: requirements.txt | $(VENV)/.made
	@echo "Installing what the shop needs into $(VENV)."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.made
	@echo "Installing what developing the shop needs into $(VENV)."
	@$(PIP) -r requirements-dev.txt
	@touch $(VENV)/.shop $@

%.mo: %.po | $(VENV)/.made
	@$(VENV)/bin/pybabel --quiet compile --input-file $< --output-file $@
