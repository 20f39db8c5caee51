# Every target does its own set-up; what is already there costs a second.
PYTHON ?= python3
VENV := .venv
SETUP := $(PYTHON) scripts/setup.py
# Beside an apt ROS: the message packages that the set-up has built into install/.
OVERLAY := if [ -n "$$ROS_DISTRO" ] && [ -f install/setup.sh ]; then . install/setup.sh; fi;
export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST
export OMP_NUM_THREADS ?= 1

.PHONY: help setup setup-models demo test test-slow test-apt check docs colcon bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## .venv with everything but the networks: ROS 2, messages, simulator, tests
	@$(SETUP) --with dev

setup-models: ## the same and torch with the networks
	@$(SETUP) --with dev --with models

demo: ## a GO2 follows a described person past others; ends with a bag, a picture, a film and a table
	@$(SETUP)
	@$(OVERLAY) $(VENV)/bin/trackvla demo

test: setup ## all tests but the slow ones; the ROS tests must really run
	@$(OVERLAY) REQUIRE_ROS=1 $(VENV)/bin/python -m pytest -m "not slow"

test-slow: setup ## the slow tests
	@$(OVERLAY) REQUIRE_ROS=1 $(VENV)/bin/python -m pytest -m "slow and not apt_emulation"

test-apt: setup ## make colcon, source and every node beside an emulated apt ROS: about three minutes
	@REQUIRE_ROS=1 $(VENV)/bin/python -m pytest -m apt_emulation

check: setup ## format, lint, types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/pyright

docs: ## the documentation as a site in build/site; refuses broken links and misspelt words
	@$(SETUP) --with docs
	@$(VENV)/bin/codespell -L fro,folow README.md CONTRIBUTING.md CHANGELOG.md docs mkdocs.yml
	@$(OVERLAY) NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict --quiet --site-dir build/site
	@echo "open build/site/index.html, or: $(VENV)/bin/python -m mkdocs serve"

colcon: ## the robot's way: set-up, then colcon build into install/; afterwards: source install/setup.bash
	@$(SETUP) --colcon

bench: setup ## box_servo on grounded boxes and the baselines beside it, 50 seeds
	@$(VENV)/bin/trackvla bench follow --tasks STT,DT --policy box_servo --tracker grounded --seeds 1000-1049 --json runs/bench.json

clean: ## what was made here, the set-up too
	rm -rf $(VENV) build install log .pytest_cache .ruff_cache src/*.egg-info
