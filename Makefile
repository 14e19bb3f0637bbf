# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make demo     from an empty account to a connected key store and back, on the embedded AWS
# make test     all that CI runs; its parts: lint pytest ordinary sanity units ansible-lint molecule build
# make bench    times, calls and memory as a table
# PYTHON=python3.13 make ...   with another Python, 3.11 or newer

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
UTILS := ansible_collections.keylink.aws.plugins.module_utils

# Tools call each other by name; what Ansible keeps goes to .cache, not to the user's home.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export MYPYPATH := .venv/types:tests
SIDE_BY_SIDE := -n auto --dist loadfile
PURELIB := import sysconfig; print(sysconfig.get_path("purelib"))
SITE = $(shell $(BIN)/python -c '$(PURELIB)')
heading = @printf '\n==== %s\n' '$(1)'

.NOTPARALLEL:
.PHONY: setup dns-server browser demo test lint pytest ordinary sanity units scenarios ansible-lint molecule bench build clean

setup: $(READY)

$(READY): requirements.txt tests/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r tests/requirements.txt
	set -e; for root in "$$($(BIN)/python -c '$(PURELIB)')" .venv/types; do \
		mkdir -p "$$root/ansible_collections/keylink"; ln -sfn "$(CURDIR)" "$$root/ansible_collections/keylink/aws"; done
	@touch $@

# BIND for the tests that ask a real name server; skipped, and said so, where it cannot be had.
dns-server: setup
	$(BIN)/python tests/tools/install_dns_server.py

# Chromium for the tests that look at the report; skipped, and said so, where it cannot be had.
browser: setup
	$(BIN)/python tests/tools/install_browser.py

demo: setup
	$(BIN)/python tests/demo/demo.py

test: lint pytest ordinary sanity units ansible-lint molecule build

lint: setup
	$(call heading,ruff)
	ruff check .
	$(call heading,mypy)
	mypy --strict -p $(UTILS).core -p $(UTILS).resources
	mypy -p ansible_collections.keylink.aws.plugins -p emulator
	$(call heading,yamllint)
	yamllint --strict .
	$(call heading,antsibull-docs)
	GIT_CEILING_DIRECTORIES=$(SITE) ANSIBLE_COLLECTIONS_PATH=$(SITE) antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck --validate-collection-refs=dependent .
	$(call heading,antsibull-changelog)
	antsibull-changelog lint

pytest: setup dns-server browser
	$(call heading,pytest: units + fidelity + scenarios)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# The scenarios once more, each module in its own process.
ordinary: setup dns-server browser
	$(call heading,pytest: scenarios with ordinary modules)
	KEYLINK_IN_PROCESS=false $(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/scenarios

sanity: setup
	$(call heading,ansible-test sanity)
	$(BIN)/python tests/tools/run_ansible_test.py sanity

units: setup
	$(call heading,ansible-test units)
	$(BIN)/python tests/tools/run_ansible_test.py units

scenarios: setup dns-server browser
	$(BIN)/python -m pytest tests/scenarios

# ansible-lint installs a copy of the collection: not where the other parts would find it.
ansible-lint: export ANSIBLE_HOME := $(CURDIR)/.cache/lint
ansible-lint: setup
	$(call heading,ansible-lint)
	rm -rf $(ANSIBLE_HOME)
	ansible-lint --strict

molecule: setup
	$(call heading,molecule)
	molecule test --all

bench: setup
	$(BIN)/python tests/bench/bench.py

build: setup
	$(call heading,collection build and install)
	rm -rf .cache/build
	ansible-galaxy collection build --output-path .cache/build
	ansible-galaxy collection install --force --collections-path .cache/build .cache/build/*.tar.gz

clean:
	rm -rf .venv .cache .ansible .mypy_cache .ruff_cache tests/output
