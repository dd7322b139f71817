# Every target works from a fresh clone: it makes .venv and installs what it needs, once.
# Another Python: make test PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help digits explorer weights test docs notebooks lint format parity accuracy lab fuzz hostile mutants soak programs bench package oldest clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

digits: .venv/demos.stamp ## train a digit classifier on MNIST; weights, report and pictures in out/digits/latest/
	$(BIN)/python -m demos.digits

explorer: .venv/explorer.stamp ## a local page on live models: draw digits, question a GPT, watch a training
	$(BIN)/python -m demos.explorer

TEXT ?= tinyshakespeare.txt

weights: .venv/all.stamp ## train the small models that the explorer ships with anew; TEXT is what the character model reads
	$(BIN)/python -m demos.explorer.weights --text $(TEXT)

# One BLAS thread a worker: the workers fill the cores.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

test: .venv/all.stamp ## the whole test suite, with coverage
	$(PYTEST) --ignore=tests/parity --cov --cov-report=term

docs: .venv/docs.stamp ## tutorial, how-tos and reference as a site, build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

lint: .venv/all.stamp ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/all.stamp ## bring the code into the form that lint asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

parity: .venv/torch.stamp ## values, gradients and second gradients of every op against PyTorch's
	$(PYTEST) tests/parity

notebooks: .venv/all.stamp ## run the notebooks, and store in them what they print and draw
	CHAINRULE_KERNELS=numpy OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.notebooks.run

accuracy: .venv/all.stamp ## the largest errors of every operation, in docs/accuracy.md
	$(BIN)/python -W ignore -m tests.properties.certificates > docs/accuracy.md

lab: .venv/all.stamp ## change one line of the calculator and train it again, 13 times; pages in out/lab/latest/, figures in docs/lab.md
	$(BIN)/python -m demos.lab
	cp out/lab/latest/lab.md docs/lab.md

FUZZ ?= 100000
SEED ?= 0

INPUTS ?= 1000000

fuzz: .venv/torch.stamp ## FUZZ random programs (100000) beside PyTorch, and INPUTS damaged files (1000000) for all readers, from SEED on
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.beside_torch --count $(FUZZ) --start $(SEED)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.files --count $(INPUTS) --start $(SEED)

hostile: .venv/all.stamp ## every public function with many more hostile arguments than the tests have
	$(PYTEST) tests/hostile --hypothesis-profile=explore

MUTANTS ?= 200

mutants: .venv/torch.stamp ## change MUTANTS places of autograd/ (200), chosen by SEED, one at a time: the tests that reach each must fail
	$(BIN)/python -m tests.mutants --count $(MUTANTS) --seed $(SEED)

KILLS ?= 100

soak: .venv/all.stamp ## kill trainings of the demos KILLS times (100) at random moments: resumed, each ends with the same bits
	$(BIN)/python -m tests.soak --kills $(KILLS) --seed $(SEED)

CHECKOUTS ?= checkouts

programs: .venv/programs.stamp ## programs of others beside PyTorch, from CHECKOUTS/OWNER/NAME (checkouts); scoreboard in docs/programs.md
	$(BIN)/python -m tests.programs.run --checkouts $(CHECKOUTS) --jobs 2 --out docs/programs.md

# HIPS autograd has the name of our engine, so it has an environment of its own.
bench: .venv/peers.stamp .venv-hips/made.stamp ## speed beside PyTorch, JAX, MyGrad, HIPS autograd and micrograd
	BENCH_PYTHON_HIPS=$${BENCH_PYTHON_HIPS:-.venv-hips/bin/python} $(BIN)/python -m benchmarks $(BENCH)

# What is installed must pass without the folders that it was built from.
package: .venv/made.stamp ## build sdist and wheel, and test what an empty environment has of them
	rm -rf build/package
	$(PIP) build
	$(BIN)/python -m build --outdir build/package . >/dev/null
	$(PYTHON) -m venv build/package/venv
	build/package/venv/bin/python -m pip install --disable-pip-version-check --quiet "$$(ls build/package/*.whl)[all]"
	mkdir build/package/source && tar xzf build/package/*.tar.gz --strip-components=1 -C build/package/source
	cd build/package/source && rm -r autograd nn models && OPENBLAS_NUM_THREADS=1 ../venv/bin/python -m pytest -q -n auto \
		tests/autograd tests/nn tests/models tests/compat tests/hips tests/properties

oldest: ## the tests of the engine and of nn with the lowest versions that setup.cfg allows
	rm -rf build/oldest && mkdir -p build/oldest
	sed -n 's/^    \([a-z0-9_-]*\)>=\([0-9.]*\).*/\1==\2/p' setup.cfg >build/oldest/constraints.txt
	$(PYTHON) -m venv build/oldest/venv
	build/oldest/venv/bin/python -m pip install --disable-pip-version-check --quiet -c build/oldest/constraints.txt \
		-e '.[draw,plot,numba,einops,scipy,safetensors,hub,dev]'
	OPENBLAS_NUM_THREADS=1 build/oldest/venv/bin/python -m pytest -q -n auto tests/autograd tests/nn tests/models tests/properties

clean: ## remove the environment, the caches and out/
	rm -rf .venv .venv-hips build out *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/made.stamp:
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(None if sys.version_info >= (3, 11) else \
		f"chainrule needs Python 3.11 or newer, and $(PYTHON) is {v}. Name another: make PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/demos.stamp: .venv/made.stamp setup.cfg pyproject.toml
	$(PIP) -e '.[draw,plot,numba,safetensors]'
	touch $@

.venv/explorer.stamp: .venv/made.stamp setup.cfg pyproject.toml
	$(PIP) -e '.[explorer]'
	touch $@

.venv/docs.stamp: .venv/made.stamp setup.cfg pyproject.toml
	$(PIP) -e '.[docs]'
	touch $@

.venv/all.stamp: .venv/made.stamp setup.cfg pyproject.toml
	$(PIP) -e '.[all]'
	touch $@

# Beside torch: expecttest for its own sample inputs, SciPy and scikit-learn for products beside their OpenMP libraries,
# einops for its own sake; transformers and tiktoken for models and tokenizers of others.
.venv/torch.stamp: .venv/all.stamp
	$(PIP) torch==2.13.0 expecttest scipy scikit-learn einops transformers tiktoken
	touch $@

# What programs of others import; --no-deps keeps PyTorch as it is. Stand-ins for the rest are in tests/programs.
.venv/programs.stamp: .venv/torch.stamp
	$(PIP) gymnasium nltk pandas seaborn tabulate pyyaml loguru jaxtyping frozendict typeguard rich tyro
	$(PIP) --no-deps einx torch-einops-utils ema-pytorch hyper-connections labml labml-helpers pytorch_ranger mnist1d
	touch $@

# A peer that cannot be installed is left out of the table; `make clean` and then `make bench` tries again.
.venv/peers.stamp: .venv/all.stamp
	for peer in torch==2.13.0 jax mygrad micrograd tiktoken transformers; do $(PIP) $$peer || echo "$$peer: not installed, left out"; done
	touch $@

.venv-hips/made.stamp: .venv/made.stamp
	$(PYTHON) -m venv .venv-hips
	.venv-hips/bin/python -m pip install --disable-pip-version-check --quiet autograd || echo "HIPS autograd: left out"
	touch $@
