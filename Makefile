# make run    set up .venv, train LeNet-5, report          make test   set up, run every test
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

# Two files at a time: most tests keep one core busy.
PARALLEL := --numprocesses 2 --dist loadfile
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout 600 \
	--nbval-sanitize-with notebooks/nbval_sanitize.cfg

.PHONY: setup run test test-notebooks notebooks figures deck lint page site browser film companions accuracy ladder bench reproduce weights readme clean

setup: .venv/installed

# Compiled here, since pip does it with one core, and the packages' tests as well.
.venv/installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "LeNet-5 needs Python 3.11, 3.12 or 3.13 (TensorFlow" \
	"has no wheels for others). Install one, or name it: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
		-r requirements.txt
	-$(BIN)/python -m compileall -q -j 0 -x '/tests?/' .venv/lib
	@touch $@

run: setup
	$(BIN)/lenet5 train

test: setup lint
	$(BIN)/python -m pytest $(PARALLEL) $(NBVAL) tests notebooks/*.ipynb

test-notebooks: setup
	$(BIN)/python -m pytest $(PARALLEL) $(NBVAL) notebooks/*.ipynb

# The tests with other tools, in an environment of their own, where none may be skipped.
companions:
	$(PYTHON) -m venv .venv-companions
	.venv-companions/bin/python -m pip install --quiet --disable-pip-version-check \
		-e '.[companions,test]'
	LENET_KERAS_COMPANIONS=1 .venv-companions/bin/python -m pytest tests/test_companions.py

# Execute all in place, on the full MNIST, and keep no timings and versions.
notebooks: setup
	$(BIN)/jupyter nbconvert --to notebook --inplace \
		--config notebooks/nbconvert.json notebooks/*.ipynb
	$(BIN)/python notebooks/finish.py

# Draw every figure of the lecture from the model, the weights and the data.
figures: setup
	$(BIN)/python -m lecture

deck: setup
	$(BIN)/python -m lecture --deck
	$(BIN)/python -m lecture --deck --lang zh

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

page: setup
	$(BIN)/lenet5 page --out figures/lenet5.html

# The course as a site, of what is here: nothing is executed. Open site/index.html.
site: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[site]'
	rm -rf build/course build/site site && mkdir -p build/course
	cp -R *.md CITATION.cff LICENSE docs figures notebooks lenet_keras build/course
	mv build/course/docs/site/* build/course
	$(BIN)/python -m sphinx -q -W --keep-going build/course build/site
	mv build/site site

browser: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[page]'
	$(BIN)/playwright install chromium
	-npm install --silent --no-audit --no-fund --prefix .venv/node puppeteer-core

# Five screenshots of the page while it learns; after `make browser`.
film: setup
	$(BIN)/python lecture/filmstrip.py

accuracy: setup
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/readme.py

ladder: setup
	$(BIN)/python benchmarks/ladder.py

bench: setup
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/readme.py

reproduce: setup
	$(BIN)/python benchmarks/reproduce.py
	$(BIN)/python benchmarks/readme.py

weights: setup
	$(BIN)/python benchmarks/weights.py
	$(BIN)/python benchmarks/readme.py

# Fill the numbers of README.md and README.zh.md from the records of the others.
readme: setup
	$(BIN)/python benchmarks/readme.py

clean:
	rm -rf .venv .venv-companions build runs site
