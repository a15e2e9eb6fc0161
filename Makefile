# firedoor: `make demo` shows it at work on a real cluster, `make test` judges it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := operator:.
STAMP := $(VENV)/.installed
K ?=
COUNTS ?= 100 1000
MODE ?= strict
CLUSTERS ?= $(if $(KUBECONFIG),1,3)
WORKERS ?= 6
SIDE_BY_SIDE = -n $(WORKERS) --maxschedchunk 1

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON= to one." >&2; exit 1; }
	@echo "installing the locked Python dependencies into $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment; install python3-venv." >&2; exit 1; }
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: $(STAMP) ## The main job on a real cluster, step by step
	@$(BIN)/python -m demo

demo-down: cluster-down ## Remove everything that the demo made

test: $(STAMP) ## Every check and test; raises the cluster and keeps it warm
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory stage
	@CLUSTERS=$(CLUSTERS) $(BIN)/python -m pytest $(SIDE_BY_SIDE)

check: $(STAMP) ## ruff, mypy, import contracts, generated files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.generate --check

unit: $(STAMP) ## The tests that need no cluster
	@$(BIN)/python -m pytest tests/unit

stage: $(STAMP)
	@for number in $$(seq $(CLUSTERS)); do CLUSTER=$$number $(MAKE) --no-print-directory cluster install; done

e2e: $(STAMP) stage ## The stories, side by side on CLUSTERS= clusters; K= selects, KUBECONFIG= names an existing one
	@CLUSTERS=$(CLUSTERS) $(BIN)/python -m pytest tests/e2e $(SIDE_BY_SIDE) $(if $(K),-k "$(K)")

cluster: $(STAMP) ## Raise the cluster; PROVIDER=existing|kind|local
	@$(BIN)/python -m cluster up

cluster-down: $(STAMP) ## Remove the cluster, and a second one if there is, without a trace
	@for number in $$(seq $(CLUSTERS)); do CLUSTER=$$number $(BIN)/python -m cluster down; done

cluster-policy: $(STAMP) ## Switch the policy engine; MODE=strict|established|ingress|off|slow
	@$(BIN)/python -m cluster policy $(MODE)

conformance: $(STAMP) cluster ## Judge the policy engine with cyclonus
	@$(BIN)/python -m cluster.conformance

image: $(STAMP) ## Build the operator's image
	@$(BIN)/python -m cluster.images operator

install: $(STAMP) ## Image and chart into the cluster, with values for a small one; IMAGE= names a pushed image
	@$(BIN)/python -m cluster.install

generate: $(STAMP) ## Make CRDs, roles and reference pages anew
	@$(BIN)/python -m tools.generate

bench: $(STAMP) cluster install ## Measure against the floor; ratios, taken in one run
	@$(BIN)/python -m bench

bench-scale: $(STAMP) cluster install ## What an open incident costs, by their number; COUNTS="100 1000"
	@$(BIN)/python -m bench.scale $(COUNTS)

bench-capture: $(STAMP) cluster install ## Measure the capture of evidence beside kubectl
	@$(BIN)/python -m bench.capture

lock: $(STAMP) ## Resolve the dependencies anew, with hashes
	@$(BIN)/pip install -q uv
	@for part in operator "dev --group dev --extra kubeconfig"; do set -- $$part; name=$$1; shift; \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    pyproject.toml "$$@" -o requirements/$$name.txt; done

.PHONY: help demo demo-down test check unit stage e2e cluster cluster-down cluster-policy conformance image install generate bench bench-scale bench-capture lock
