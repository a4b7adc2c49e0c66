# make run    set up .venv, train LeNet-5, report          make test   set up, run every test
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: setup run test lint accuracy ladder bench clean

setup: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "LeNet-5 needs Python 3.11, 3.12 or 3.13 (TensorFlow" \
	"has no wheels for others). Install one, or name it: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

run: setup
	$(BIN)/lenet5 train

test: setup lint
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

accuracy: setup
	$(BIN)/python benchmarks/accuracy.py

ladder: setup
	$(BIN)/python benchmarks/ladder.py

bench: setup
	$(BIN)/python benchmarks/speed.py

clean:
	rm -rf .venv runs
