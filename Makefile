# Every command of the project. `make help` prints this list from the comments below.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tests run in as many processes as there are cores: more threads would only be in each other's way.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 LORA_SCREENING_THREADS=1
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
MANIFESTS := pyproject.toml constraints.txt
CONSOLE := service/console
HTMX := 2.0.11
HTMX_SHA512 := 4e1c7f5ada5e390a92aea042c3f0357301891a0e14ad56b7fac5b41a6accde9e202603bcf5e707e2ab5b9f2cc30d616f053aa39c83028042d336deb7e9db5a98
NOTO := 5.3.0
NOTO_SHA512 := 1dea889469b4fa884e2b164bb878f5a96eabe9abc71f439674a11101c483234450f8c5ebb5eb8b280f8cfb978e03cad8cb4305bce479013d1f428dab524c9ed1

.DEFAULT_GOAL := help
.PHONY: help demo demo-notice serve test test-all services check audit format bench accuracy fuzz soak guide-pictures train control-set lora-control draw vendor messages clean

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

demo: $(RUNTIME) ## Index the demo characters, screen the example uploads over HTTP, write build/demo/report.html
	$(BIN)/lora-screening demo --sets reference_sets --examples examples --out build/demo

demo-notice: $(RUNTIME) ## From a complaint to its proof: sweep, measures, webhooks, counter-notice, evidence pack, tampering
	$(BIN)/lora-screening demo-notice --out build/demo-notice

serve: $(RUNTIME) ## Start the service with the demo characters; prints its address, a key, and the first admin's link
	@test -d build/serve/blobs || $(BIN)/lora-screening sets import reference_sets --activate --data build/serve
	$(BIN)/lora-screening serve --data build/serve

test: $(DEVELOPMENT) services ## Run the tests, but for those that are marked slow
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: $(DEVELOPMENT) services ## Run the whole test suite: killed processes, guides, training and fuzzing too
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

services: ## Install PostgreSQL, Chromium and axe-core for the tests, where that may be done
	@sh tests/services.sh

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
	$(BIN)/python -m tests.benchmarks.queue --out build/bench_queue.json
	$(BIN)/python -m tests.benchmarks.console
	$(BIN)/python -m tests.benchmarks.overview
	$(BIN)/python -m tests.benchmarks.replay
	$(BIN)/python -m tests.benchmarks.sweep --out build/sweep.json

accuracy: $(DEVELOPMENT) ## Measure what is found and whether the rates are true, on pictures from pinned packages
	$(BIN)/python -m tests.accuracy.run

fuzz: $(DEVELOPMENT) ## Feed damaged LoRAs, pictures and texts to their readers, five minutes each
	FUZZ_SECONDS=300 $(BIN)/python -m pytest tests/fuzz

guide-pictures: $(DEVELOPMENT) ## Photograph the console for docs/guides again
	$(BIN)/python -m tests.browser.guide_pictures

soak: $(DEVELOPMENT) ## A thousand changes of reference sets and a hundred rebuilds under load; most of an hour
	$(BIN)/python -m tests.soak.live_changes

train: $(DEVELOPMENT) ## Fetch, draw and train: the embedded model again, from pinned packages; an hour or two, resumes by itself
	MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=536870912 \
		$(BIN)/python -m indexer.training.train --out build/training --resume

control-set: $(DEVELOPMENT) ## Collect the control pictures and compute the control set of the embedded model again
	$(BIN)/python -m indexer.training.control_set

lora-control: $(DEVELOPMENT) ## Train LoRAs, and measure again how alike the weights of strangers are; half an hour
	$(BIN)/python -m indexer.training.lora_control

draw: $(DEVELOPMENT) ## Draw the demo characters and example uploads again
	$(BIN)/python -m indexer.training.draw_reference_sets --out .

vendor: $(DEVELOPMENT) ## Fetch the console's script library and the font of evidence packs again, by version and checksum
	@mkdir -p build/vendor $(CONSOLE)/static/vendor
	cd build/vendor && npm pack --silent htmx.org@$(HTMX)
	echo "$(HTMX_SHA512)  build/vendor/htmx.org-$(HTMX).tgz" | sha512sum --check --strict
	tar -xzf build/vendor/htmx.org-$(HTMX).tgz -O package/dist/htmx.min.js > $(CONSOLE)/static/vendor/htmx.min.js
	tar -xzf build/vendor/htmx.org-$(HTMX).tgz -O package/LICENSE > $(CONSOLE)/static/vendor/htmx.LICENSE.txt
	cd build/vendor && npm pack --silent @fontsource/noto-sans-sc@$(NOTO)
	echo "$(NOTO_SHA512)  build/vendor/fontsource-noto-sans-sc-$(NOTO).tgz" | sha512sum --check --strict
	tar -xzf build/vendor/fontsource-noto-sans-sc-$(NOTO).tgz -C build/vendor package/files package/LICENSE
	$(BIN)/python -m service.adapters.pdf.vendor build/vendor/package/files service/adapters/pdf/NotoSansSC.ttf
	cp build/vendor/package/LICENSE service/adapters/pdf/NotoSansSC.LICENSE.txt

messages: $(DEVELOPMENT) ## Collect the console's texts for translation: locales/zh/LC_MESSAGES/console.po
	$(BIN)/python -m service.console.messages

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
