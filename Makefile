# Every target sets up what it needs in .venv first and is safe to repeat.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One stamp for each extra; `development` holds the other two, so its install touches all three.
SERVICE := $(VENV)/.installed-service
TRAINING := $(VENV)/.installed-training
DEVELOPMENT := $(VENV)/.installed-development
CODE := $(wildcard app model tests benchmarks .ci)

.DEFAULT_GOAL := help
.PHONY: help serve test test-slow check format train-demo clean

help: ## show this
	@echo "ganloom: train a GAN on your own images and serve it. Python 3.11 or newer is all it needs."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Another interpreter: make serve PYTHON=python3.12. More flags: make serve ARGS='--port 9000'."

serve: $(SERVICE) ## serve the shipped weights on http://127.0.0.1:8000
	$(BIN)/python -m app $(ARGS)

# Two processes, as torch with several threads in each would have them fight for the cores; the tests of
# a file stay together, for what they share.
test: $(DEVELOPMENT) ## run the tests, in two processes
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile $(ARGS)

test-slow: $(DEVELOPMENT) ## run the tests that take minutes
	$(BIN)/python -m pytest -q -m "slow and not gpu" --timeout 1800 $(ARGS)

check: $(DEVELOPMENT) ## lint, formatting, types, import rules, size caps
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(filter-out .ci,$(CODE))
	$(BIN)/lint-imports
	$(BIN)/python .ci/check_sizes.py $(CODE)

format: $(DEVELOPMENT) ## let ruff format and sort the code
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

train-demo: $(TRAINING) ## draw 4,000 faces, train 5 minutes (again: 5 more), export, sample: runs/demo.png
	$(BIN)/python -m model dataset faces data/faces --count 4000
	if [ -e runs/demo/state.pt ]; then \
	  $(BIN)/python -m model resume runs/demo --minutes 5; else \
	  $(BIN)/python -m model train --data data/faces --preset dcgan --minutes 5 --out runs/demo; fi
	$(BIN)/python -m model export runs/demo runs/demo.safetensors
	$(BIN)/python -m model sample runs/demo.safetensors --seeds 0-63 --out runs/demo.png

clean: ## remove .venv and caches, never data or runs
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache *.egg-info build

# pip comes last in a new environment: where it is missing, the set-up was cut short and begins anew.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ganloom needs Python 3.11 or newer; $(PYTHON) is" $$($(PYTHON) --version 2>&1) >&2; \
	  echo "name another: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing ganloom[$*] into $(VENV); the first time this takes minutes."
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@touch $(if $(filter development,$*),$(SERVICE) $(TRAINING)) $@
