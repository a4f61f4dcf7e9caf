# Every command of the project. `make help` prints this list from the comments below.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
MANIFESTS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo serve test check audit format bench accuracy fuzz train control-set lora-control draw clean

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

demo: $(RUNTIME) ## Index the demo characters, screen the example uploads over HTTP, write build/demo/report.html
	$(BIN)/lora-screening demo --sets reference_sets --examples examples --out build/demo

serve: $(RUNTIME) ## Start the service with the demo characters, and print its address and a key
	@test -d build/serve/snapshot || $(BIN)/lora-screening index build --sets reference_sets --out build/serve/snapshot
	$(BIN)/lora-screening serve --data build/serve

test: $(DEVELOPMENT) ## Run the whole test suite
	$(BIN)/python -m pytest

check: $(DEVELOPMENT) audit ## Lint, check the format, the types, the layers and the dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(DEVELOPMENT) ## Ask for known vulnerabilities of what is installed, where that can be answered
	$(BIN)/python tests/audit.py

format: $(DEVELOPMENT) ## Format the code, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEVELOPMENT) ## Time one request of 8 pictures against the bare embedding and a straightforward pipeline
	$(BIN)/python -m tests.benchmarks.request --out build/bench.json

accuracy: $(DEVELOPMENT) ## Measure what is found and whether the rates are true, on pictures from pinned packages
	$(BIN)/python -m tests.accuracy.run

fuzz: $(DEVELOPMENT) ## Feed damaged LoRAs, pictures and texts to their readers, five minutes each
	FUZZ_SECONDS=300 $(BIN)/python -m pytest tests/fuzz

train: $(DEVELOPMENT) ## Fetch, draw and train: the embedded model again, from pinned packages; an hour or two, resumes by itself
	MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=536870912 \
		$(BIN)/python -m indexer.training.train --out build/training --resume

control-set: $(DEVELOPMENT) ## Collect the control pictures and compute the control set of the embedded model again
	$(BIN)/python -m indexer.training.control_set

lora-control: $(DEVELOPMENT) ## Train LoRAs, and measure again how alike the weights of strangers are; half an hour
	$(BIN)/python -m indexer.training.lora_control

draw: $(DEVELOPMENT) ## Draw the demo characters and example uploads again
	$(BIN)/python -m indexer.training.draw_reference_sets --out .

clean: ## Remove what was built; the virtual environment stays
	rm -rf build

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	@touch $@

$(RUNTIME): $(VENV)/.created $(MANIFESTS)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(PIP) install --quiet --constraint constraints.txt --editable ".[indexer,drawing]" --group test --group check
	@touch $@
