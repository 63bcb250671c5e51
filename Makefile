# Each target is one command of the tools below; everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where it is set, each of the thousand processes that the tests start would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint check fix docs bench sweep clean
.DEFAULT_GOAL := demo

demo: .venv/runtime
	imagesmith build --simulate examples/alicloud/quickstart.pkr.hcl
	imagesmith build --simulate examples/huaweicloud/quickstart.pkr.hcl

test: .venv/dev
	.ci/needs
	python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder

lint: .venv/dev
	ruff format --check . && ruff check . && mypy && pyright && lint-imports
	python docs/generate.py --check

check: lint test

fix: .venv/dev
	ruff check --fix . ; ruff format . ; python docs/generate.py

docs: .venv/dev
	python docs/generate.py

bench: .venv/dev
	.ci/needs
	python -m benchmarks

sweep: .venv/dev
	.ci/needs
	python -m pytest -q -m sweep --sweep=all tests/faults tests/policies tests/differential/test_validate.py

clean:
	rm -rf .venv dist

# --no-compile: of the thousands of modules that the SDKs have, a build loads a few.
.venv/runtime: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-compile --editable '.[all]' && touch $@

.venv/dev: .venv/runtime .ci/dev-requirements.txt
	$(BIN)/pip install --quiet --no-compile --requirement .ci/dev-requirements.txt && touch $@
