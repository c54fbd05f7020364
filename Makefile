# Two commands: `make demo` and `make test`. Both use one .venv, which they create. For those who change something:
# `make lint`, `make docs` (the site, in build/site), `make pictures` (all pictures of README, docs/ and the help).
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: demo test lint docs pictures clean

demo: .venv/ready
	$(BIN)/python -m sigmatic demo

test: .venv/ready
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

lint: .venv/ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright
	@if command -v npm >/dev/null; then npm --prefix tests/js ci --silent && npm --prefix tests/js run --silent types && \
	npm --prefix tests/js run --silent workflows; \
	else echo "no npm: the types of web/js and the workflows are not checked"; fi

docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

pictures: .venv/ready
	$(BIN)/python tools/pictures.py

.venv/docs: .venv/ready
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[demo,test]"
	$(BIN)/python -m pip install --quiet --no-deps k-diffusion torchdiffeq
	touch $@

clean:
	rm -rf .venv build *.egg-info
