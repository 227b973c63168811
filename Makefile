# Every target works on a bare checkout: it first sets up what it needs (scripts/bootstrap.py), and on later runs
# finds that done within a fraction of a second.
.DEFAULT_GOAL := help
.PHONY: help dev test test-long check schema migration bench lock ide clean setup setup-ide
SHELL := /bin/sh
# Each target starts many processes, and each would compile all of our files anew where bytecode may not be kept.
export PYTHONDONTWRITEBYTECODE :=

# Choose another interpreter with `make dev PYTHON=/path/to/python3`.
PYTHONS := $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3)
BOOTSTRAP := scripts/bootstrap.py $(if $(PYTHON),--python-chosen)
# One worker more than there are usually cores: many tests wait, for processes that start and connections that break.
PYTEST = .venv/bin/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

define find_python
for python in $(PYTHONS); do \
  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
  python=; \
done; \
if [ -z "$$python" ]; then \
  echo 'Cairn needs Python 3.11 or newer, and found none as: $(PYTHONS)' >&2; \
  echo 'Install one, or name it: make PYTHON=/path/to/python3' >&2; \
  exit 1; \
fi
endef

help: ## show this list
	@echo 'Cairn. Everything below works on a fresh clone.'
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup:
	@$(find_python); exec "$$python" $(BOOTSTRAP)

setup-ide:
	@$(find_python); exec "$$python" $(BOOTSTRAP) --ide

dev: setup-ide ## run the API and the IDE with a database of their own
	@exec .venv/bin/cairn dev

test: setup-ide ## run the tests (PYTEST_ARGS='-k words' chooses some)
	@exec $(PYTEST)

test-long: setup-ide ## run the tests, the slow ones too
	@CAIRN_TEST_LONG=1 exec $(PYTEST)

check: setup ## style, types, import contracts, schema and migrations up to date
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/cairn schema --check
	.venv/bin/cairn migrate --check

schema: setup ## write schema.graphql anew
	@exec .venv/bin/cairn schema --write

migration: setup ## write a migration for changed models: make migration m='what changed'
	@if [ -z "$$m" ]; then echo "Say what changed: make migration m='add a colour to themes'" >&2; exit 2; fi
	@exec .venv/bin/cairn migrate --new "$$m"

bench: setup ## measure Cairn beside its peers (BENCH_ARGS=--quick for a first look)
	@exec .venv/bin/python -m benchmarks $(BENCH_ARGS)

ide: setup-ide ## build the IDE

# The settings of this machine must not leak into the locks: no index, no local folder, and every hash there is.
COMPILE = .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

lock: setup ## resolve the Python packages anew (UPGRADE=1 takes the newest versions)
	@mkdir -p requirements
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/base.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt
	@if grep -n '://' requirements/*.txt; then echo 'A lock must not hold an address.' >&2; exit 1; fi

clean: ## remove what was built and installed; the database in .cairn/postgres stays
	rm -rf .venv ide/node_modules ide/dist build *.egg-info .cairn/cache
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
