# The commands that .ci/run uses as well. BIN is where the tools lie: that of a .venv here, if there is one.
BIN ?= $(if $(wildcard .venv/bin/python),.venv/bin/)

.PHONY: help check test

help:  ## List the targets.
	@sed -n 's/^\([a-z]*\):  ## /  make \1   /p' Makefile

check:  ## Lint, formatting, types, and which room imports which; under a minute.
	$(BIN)ruff check .
	$(BIN)ruff format --check .
	$(BIN)mypy
	$(BIN)lint-imports

test:  ## All tests, on all cores.
	$(BIN)python -m pytest -n auto
