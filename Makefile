# `make help` says what there is. Everything runs from the virtual environment in .venv, made from the locks in requirements/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export UV_SYSTEM_CERTS := true
# where it is set, Python compiles every library again for every command
unexport PYTHONDONTWRITEBYTECODE
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# ansible-lint and molecule look for their siblings there
export PATH := $(CURDIR)/.venv/bin:$(PATH)

PYTHON ?= python3
BIN := .venv/bin
PLAYBOOK := $(BIN)/ansible-playbook
INVENTORY ?= inventories/local
SECRETS := $(INVENTORY)/group_vars/all/vault.yml
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: up
up: .venv/controller ## bring the stack up on this machine, check it, and say where everything is
	$(PLAYBOOK) playbooks/secrets.yml -e "{\"secrets_file\": \"$(CURDIR)/$(SECRETS)\"}"
	$(PLAYBOOK) -i $(INVENTORY) playbooks/site.yml playbooks/verify.yml playbooks/addresses.yml

.PHONY: down
down: .venv/controller ## stop the services and keep their data
	$(PLAYBOOK) -i $(INVENTORY) playbooks/teardown.yml

.PHONY: destroy
destroy: .venv/controller ## say what would go, ask, then remove services, images and ALL DATA (CONFIRM=<stack_name> answers)
	$(PLAYBOOK) -i $(INVENTORY) playbooks/teardown.yml -e teardown_data=true $(addprefix -e teardown_confirmed=,$(CONFIRM))

.PHONY: refresh
refresh: .venv/controller ## build every image again with today's packages and run them
	echo "container_image_refresh: \"$$(date +%F)\"" > $(INVENTORY)/group_vars/all/refresh.yml
	$(PLAYBOOK) -i $(INVENTORY) playbooks/site.yml playbooks/verify.yml

# The images are made once, before the two that need them run side by side; the last line is the count of tests.
.PHONY: test
test: .venv/test ## everything that CI runs; needs a Docker Engine (make engine)
	$(MAKE) --jobs=2 --output-sync=target lint sanity archive unit
	molecule create
	$(MAKE) --jobs=2 --output-sync=target molecule live
	tail --lines=1 .cache/live.log

.PHONY: engine
engine: .venv/test ## have a Docker Engine on this machine
	$(PLAYBOOK) .ci/engine.yml

.PHONY: sanity
sanity: .venv/test ## ansible-test sanity on a copy of the tracked files
	.ci/sanity

.PHONY: archive
archive: .venv/test ## build the collection archive
	$(BIN)/ansible-galaxy collection build --force

.PHONY: unit
unit: .venv/test ## tests that need no server
	$(BIN)/pytest tests/unit tests/test_repository.py

.PHONY: live
live: .venv/test ## each module, the whole stack and its drift on real servers (REPRO_KEEP_STACK=1 keeps them)
	mkdir -p .cache
	$(BIN)/pytest tests/live | tee .cache/live.log

.PHONY: molecule
molecule: .venv/test ## the whole site on blank servers
	molecule destroy  # a run that was interrupted leaves servers that are not blank any more
	molecule test --all

.PHONY: lint
lint: .venv/test ## ruff, yamllint, ansible-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	ansible-lint --strict

.PHONY: env
env: .venv/test ## make the environment for development and tests

.PHONY: lock
lock: .venv/test ## renew every lock from pyproject.toml and the build contexts
	$(LOCK) --group controller -o requirements/controller.txt
	$(LOCK) --group test -c requirements/controller.txt -o requirements/test.txt
	$(LOCK) --group modules -o roles/module_runtime/files/requirements.txt
	$(LOCK) --group verify -o playbooks/files/verify/requirements.txt
	$(LOCK) roles/mlflow/files/image/requirements.in -o roles/mlflow/files/image/requirements.txt
	$(LOCK) roles/cookiecutter_publish/files/image/requirements.in -o roles/cookiecutter_publish/files/image/requirements.txt
	$(BIN)/python .ci/pins.py

# A Debian without python3-venv lacks ensurepip.
.venv/uv: requirements/uv.txt
	$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends python3-venv; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

.venv/controller .venv/test: .venv/%: requirements/%.txt .venv/uv
	$(BIN)/uv pip install --quiet --require-hashes --requirement $<
	mkdir -p .ansible/ansible_collections/repro
	ln -sfn ../../.. .ansible/ansible_collections/repro/stack
	touch $@
