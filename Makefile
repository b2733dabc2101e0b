# Everything runs in a virtual environment of its own, made from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo-workspace

.PHONY: install install-dev demo test lint docs bench recall lock clean

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# HEADLESS=1 audits and prints, and opens no browser.
demo: install
	$(BIN)/cratecheck demo --workspace $(DEMO) $(if $(HEADLESS),--headless,)

test: install-dev
	$(BIN)/pytest -n auto

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The handbook of policies, from what policies are read by. A test fails when it is stale.
docs: install
	$(BIN)/python -m rules.handbook.book rules/HANDBOOK.md
	$(BIN)/cratecheck policy schema > rules/packs/policy.schema.json

bench: install-dev
	$(BIN)/python tests/benchmarks/import_rows.py
	$(BIN)/python tests/benchmarks/check_policies.py
	$(BIN)/python tests/benchmarks/evaluate_rules.py
	$(BIN)/python tests/benchmarks/preview_audit.py
	$(BIN)/python tests/benchmarks/click_under_load.py
	$(BIN)/python tests/benchmarks/fingerprint_speed.py
	$(BIN)/python tests/benchmarks/integrity_speed.py
	$(BIN)/python tests/benchmarks/scan_speed.py
	$(BIN)/python tests/benchmarks/self_join.py --sizes 1000 12500 25000

# Of what is copied, how much is found: on a small corpus, made once. The large one is made without --small, in an hour.
CORPUS ?= recall-corpus
recall: install-dev
	test -f $(CORPUS)/truth.csv || $(BIN)/python tests/benchmarks/audio_corpus.py $(CORPUS) --small --jobs 2
	$(BIN)/python tests/benchmarks/recall.py $(CORPUS) --jobs 2 --peer fpcalc

# A lock file names packages, versions and hashes; no host, whatever this machine is set to.
LOCK := env -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header pyproject.toml

lock: install-dev
	$(LOCK) --group build --output-file requirements.txt
	$(LOCK) --all-extras --group dev --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info
