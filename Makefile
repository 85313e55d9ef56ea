# Two commands on a fresh machine: `make run` starts a demo school on loopback, `make test` runs every test.
# Both call `make setup`, which costs under a second once it has been done.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
# eapol_test and chromium's helpers may live where an ordinary user does not look
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

PYTHON := .venv/bin/python
VENDOR := web/static/vendor/manifest.json

.PHONY: help
help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

# --- set-up ------------------------------------------------------------------------------------------------

.PHONY: setup
setup: system .venv/.project-done $(VENDOR)  ## all that running and testing need; nothing twice

# Only what is not found is installed, and no package here starts a service.
.PHONY: system
system:
	@want=""
	need() { command -v "$$1" >/dev/null || want="$$want $$2"; }
	need python3 python3
	[ -x $(PYTHON) ] || python3 -c 'import ensurepip' 2>/dev/null || want="$$want python3-venv"
	need node nodejs
	need npm npm
	need radclient freeradius-utils
	need eapol_test eapoltest
	need hostapd hostapd
	need wpa_supplicant wpasupplicant
	need ip iproute2
	need chromium chromium
	need fc-list fontconfig
	fc-list :lang=zh-cn family 2>/dev/null | grep -q . || want="$$want fonts-noto-cjk"
	[ -e /etc/ssl/certs/ca-certificates.crt ] || want="$$want ca-certificates"
	[ -z "$$want" ] && exit 0
	$(call apt_install,$$want)

# $(1): Debian packages. No recommended ones, no questions, root rights only where they are lacking.
define apt_install
	command -v apt-get >/dev/null || { echo "make setup: please install the likes of:" $(1) >&2; exit 1; }
	root=""
	[ "$$(id -u)" = 0 ] || root="sudo"
	echo "make setup: installing Debian packages:" $(1)
	log=$$(mktemp)
	# Whatever a package would start stays off: Debian asks this file before it starts a service (invoke-rc.d(8))
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $$policy ]; then
		printf '#!/bin/sh\nexit 101\n' | $$root tee $$policy >/dev/null
		$$root chmod 755 $$policy
		trap "$$root rm -f $$policy" EXIT
	fi
	{ $$root apt-get update && $$root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $(1); } </dev/null >"$$log" 2>&1 \
		|| { tail -n 20 "$$log" >&2; exit 1; }
	rm -f "$$log"
endef

# The scripts of an environment name its place: it is made anew when the checkout has moved or its Python is gone.
ifneq ($(shell [ -x $(PYTHON) ] && cat .venv/.libraries-done 2>/dev/null),$(CURDIR))
.PHONY: .venv/.libraries-done
endif

.venv/.libraries-done: requirements.lock requirements-dev.lock | system
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make setup: python3 >= 3.11 is needed" >&2; exit 1; }
	echo "make setup: Python libraries into .venv"
	[ -x $(PYTHON) ] && [ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] || python3 -m venv --clear .venv
	$(PYTHON) -m pip install -qq --require-hashes -r requirements.lock -r requirements-dev.lock
	echo "$(CURDIR)" >$@

# "compat" puts the checkout itself on the path; the other editable modes hide twisted/plugins from twistd.
.venv/.project-done: pyproject.toml setup.py .venv/.libraries-done
	@$(PYTHON) -m pip install -qq --no-index --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	rm -rf build
	touch $@

web/node_modules/.done: web/package.json web/package-lock.json web/.npmrc | system
	@echo "make setup: browser libraries into web/node_modules"
	cd web
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	touch node_modules/.done

$(VENDOR): web/node_modules/.done web/build.mjs web/icons.txt
	@node web/build.mjs
	touch $@

# --- running and testing -----------------------------------------------------------------------------------

.PHONY: run
run: setup  ## a demo school on 127.0.0.1; prints where to look and how to log in
	@exec $(PYTHON) -m zhuomai_appliance.commands.demo --state .run

.PHONY: test
test: setup  ## every test
	@$(PYTHON) -m pytest -n auto --dist worksteal $(PYTEST)

.PHONY: test-quick
test-quick: setup  ## the tests that need no real process, browser or peer
	@$(PYTHON) -m pytest -n auto --dist worksteal -m "not slow" $(PYTEST)

.PHONY: soak
soak: setup  ## the truth of accounting for ten minutes (SECONDS_LONG=N), and of a year of 20,000 people (PEOPLE=N)
	@ZHUOMAI_SOAK_SECONDS=$${SECONDS_LONG:-600} $(PYTHON) -m pytest tests/journeys/test_truth.py -s $(PYTEST)
	@ZHUOMAI_YEAR_PEOPLE=$${PEOPLE:-20000} $(PYTHON) -m pytest tests/flows/test_school_year.py -s $(PYTEST)

.PHONY: flood
flood: setup  ## mutated packets beside valid requests, for a minute (SECONDS_LONG=N RATE=N)
	@ZHUOMAI_FLOOD_SECONDS=$${SECONDS_LONG:-60} ZHUOMAI_FLOOD_RATE=$${RATE:-5000} $(PYTHON) -m pytest tests/journeys/test_flood.py -s $(PYTEST)

.PHONY: check
check: setup  ## lint, format, types, layers
	@.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PYTHON) -m pytest tests/test_layers.py

.PHONY: bench
bench: setup  ## the same load on this box and on FreeRADIUS, side by side
	@if ! command -v freeradius >/dev/null; then
		$(call apt_install,freeradius)
		echo "make bench: stopping the FreeRADIUS that Debian starts by itself; the benchmark starts its own"
		root=""
		[ "$$(id -u)" = 0 ] || root="sudo"
		if [ -d /run/systemd/system ]; then $$root systemctl disable --now freeradius; else $$root service freeradius stop || true; fi
	fi
	exec $(PYTHON) -m benchmarks $(BENCH)

.PHONY: bench-large
bench-large: setup  ## a million accounts beside two thousand: rate, start, memory (LARGE="--scale 0.1 --folder PLACE")
	@exec $(PYTHON) benchmarks/large.py $(LARGE)

# --- looking after the tree --------------------------------------------------------------------------------

.PHONY: format
format: setup  ## let the formatter and the safe fixes of the linter have their way
	@.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.PHONY: words
words: setup  ## collect the texts of pages into the catalogues, to be translated there
	@mkdir -p build
	.venv/bin/pybabel --quiet extract -F web/babel.cfg -k mark:1 -k text:1 -k plural:1,2 --no-location --sort-output \
		-o build/messages.pot .
	.venv/bin/pybabel --quiet update -i build/messages.pot -d web/locale --no-fuzzy-matching --ignore-obsolete --no-wrap

.PHONY: lock
lock: setup  ## renew the pins from requirements*.in and web/package.json
	@for name in requirements requirements-dev; do
		.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header --no-annotate "$$name.in" -o "$$name.lock"
	done
	cd web && npm install --package-lock-only --ignore-scripts

.PHONY: clean
clean:  ## remove what setup, run and test made
	@rm -rf .venv .run build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	rm -rf web/node_modules web/static/vendor
	rm -f twisted/plugins/dropin.cache
	find zhuomai_appliance tests twisted -name __pycache__ -prune -exec rm -rf {} +
