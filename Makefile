# The one list of commands; CI calls the same.
PY ?= python3
export VENV ?= .venv
BIN := $(VENV)/bin
BOUND ?= full
# Compiled code is kept where the environment forbids it too (an empty value is none): every process that is started
# would compile the gateway and its libraries anew, four seconds of a processor each time.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help
.PHONY: help run test check fix docs schema bootstrap bootstrap-docs bootstrap-dev clean lock bench-remote bench-sweep bench-store bench-money bench-gateway bench-messages bench-scale budgets faults race idem mig crash authz
.PHONY: drill states advisories hostile pii clamav fuzz load backup ws forms new-state pages pictures postgres cases journeys browser long proofs clients
.PHONY: bench-signing readers hsm

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

bootstrap:
	@$(PY) tools/bootstrap.py run

bootstrap-docs:
	@$(PY) tools/bootstrap.py docs

bootstrap-dev:
	@$(PY) tools/bootstrap.py dev

# The documentation is built beside the demo, behind everything else that runs.
run: $(if $(ROUTER),bootstrap-dev,bootstrap-docs) ## Start everything: store, demo people, sandboxes, gateway, worker, documentation (Ctrl-C stops all); ROUTER=1 with Hive Gateway before it and a department
	@mkdir -p build
	@nice -n 19 $(BIN)/sphinx-build -q docs build/docs > build/docs.log 2>&1 & exec $(if $(ROUTER),$(BIN)/python -m tools.router run,$(BIN)/apuni demo)

test: bootstrap-dev ## Run each behaviour's tests; starts what they need. What proofs run instead: tests/support/shares.py
	@SHARE=test $(BIN)/python -m pytest -n 3 --dist loadscope --ignore=tests/architecture

check: bootstrap-dev ## Lint, types, import directions, names, citations, texts of the state, printed schema, licences; makes the bill of materials build/sbom.cdx.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/apuni doctor package
	$(BIN)/apuni schema check
	$(BIN)/apuni schema diff
	$(BIN)/python -m tools.router check
	$(BIN)/python -m tools.reference check
	$(BIN)/python -m tools.release
	$(BIN)/sphinx-build -W -q docs build/docs
	$(BIN)/python -m pytest tests/architecture -q -n 2 -p no:cacheprovider
	$(BIN)/pip-licenses > /dev/null
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --output-reproducible -o build/sbom.cdx.json

advisories: bootstrap-dev ## Say which pinned versions a dump of OSV names: FILE= is its ZIP or JSON; nothing is asked of the network
	@$(BIN)/python -m tools.supply_chain $(FILE)

fix: bootstrap-dev ## Format and mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: bootstrap-docs ## Build the documentation as a site, build/docs; demo and staging serve it at /docs/
	$(BIN)/sphinx-build -W -q docs build/docs

clients: bootstrap-dev ## Make the typed packages of the apps' operations: TypeScript, Python, Kotlin, Swift (build/clients)
	$(BIN)/python -m tools.clients

schema: bootstrap-dev ## Print the graph to schema/schema.graphql, and what clients see of it to schema/api.graphql
	$(BIN)/apuni schema print

bench-remote: bootstrap-dev ## Measure what a call to an outside system costs, beside httpx and aiohttp
	$(BIN)/python -m benchmarks.remote.bench

bench-sweep: bootstrap-dev ## Measure the legal clock's round over 100,000 open cases, on SQLite and PostgreSQL
	$(BIN)/python -m benchmarks.legal_sweep.bench

bench-state: bootstrap-dev ## What people do in a store with 23,000 officers, 9,365 centres and 170,000 citizens
	$(BIN)/python -m benchmarks.state.bench

bench-store: bootstrap-dev ## Load and measure a store of up to 6.2 million applications; SCALE= and DISK_GB= bound it
	$(BIN)/python -m benchmarks.store.bench
	$(BIN)/python -m benchmarks.store.table

bench-gateway: bootstrap-dev ## What a request costs the gateway as production runs it; BOUND=ci for a second each
	BOUND=$(BOUND) $(BIN)/python -m benchmarks.gateway.run --peers --profile

bench-scale: bootstrap-dev ## Simulate cells of 12 to 231 million people in virtual time and write the tables of docs/scale.md; BOUND=ci compares
	BOUND=$(BOUND) $(BIN)/python -m benchmarks.scale

budgets: bootstrap-dev ## Count anew what fifty published operations ask for (tests/budgets/operations.csv)
	RENEW_BUDGETS=1 $(BIN)/python -m pytest tests/journeys/test_operation_counts.py -q -p no:cacheprovider

bench-money: bootstrap-dev ## A pension day of SCALE= instalments over SFTP with refusals of every kind; killed and gone on with
	$(BIN)/python -m benchmarks.money.bench

bench-messages: bootstrap-dev ## A pension day of SCALE= messages by SMS over sockets on STORE=; killed and gone on with; BOUND=ci with 20,000
	BOUND=$(BOUND) $(BIN)/python -m benchmarks.messages.bench $(STORE)

bench-signing: bootstrap-dev ## SCALE= certificates signed in batches of 200 by a token over sockets on STORE=; killed and gone on with; BOUND=ci with 400
	BOUND=$(BOUND) $(BIN)/python -m benchmarks.signing.bench $(STORE)

faults: bootstrap-dev ## Every adapter meets every fault; BOUND=ci runs half of the cells (build/faults.md)
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/faults/matrix.py -q -s -p no:cacheprovider

race: bootstrap-dev ## Two at once, a thousand times, on both databases; BOUND=ci runs thirty
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/race tests/properties -q -p no:cacheprovider --timeout=0

postgres: bootstrap-dev ## Every test on PostgreSQL that make test runs on SQLite alone
	@SHARE=postgres $(BIN)/python -m pytest tests/actions tests/gateway tests/schema tests/store -q -n 2 --dist loadscope -p no:cacheprovider

cases: bootstrap-dev ## The further cases of tests of which make test tries one
	@SHARE=cases $(BIN)/python -m pytest tests/actions tests/gateway tests/schema tests/store tests/demo -q -n 2 --dist loadscope -p no:cacheprovider

journeys: bootstrap-dev ## Every journey through the running demo, and the commands on it; make test walks none
	$(BIN)/python -m pytest tests/journeys tests/gateway/commands/test_commands.py -q -p no:cacheprovider

browser: bootstrap-dev ## Pages of the running demo in a browser; make test walks none
	$(BIN)/python -m pytest tests/browser -q -p no:cacheprovider

long: bootstrap-dev ## Tests that take seconds or start many processes, by their mark
	@SHARE=long $(BIN)/python -m pytest tests -q -n 2 --dist loadscope -p no:cacheprovider --timeout=0

idem: bootstrap-dev ## One key, one effect, whatever is lost or restarted
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/idem -q -p no:cacheprovider --timeout=0

mig: bootstrap-dev ## Migrations there and back with 100,000 rows, beside the old release, and from before 0.2.0; BOUND=ci with 2,000
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/mig -q -p no:cacheprovider --timeout=0

authz: bootstrap-dev ## Everybody asks for everything by every way there is; BOUND=ci as seven kinds of people
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/authz/matrix.py tests/authz/streams.py tests/authz/test_edges.py tests/authz/test_entries.py tests/schema/documents/test_documents_over_sockets.py -q -p no:cacheprovider -n 2 --timeout=0

crash: bootstrap-dev ## kill -9 at marked points, and for a minute at random under load; BOUND=ci for 10 seconds
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/crash -q -p no:cacheprovider --timeout=0

backup: bootstrap-dev ## Back up the running demo under load, restore it elsewhere, verify; PostgreSQL back to a moment
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/backup -q -p no:cacheprovider --timeout=0

hostile: bootstrap-dev ## Hundreds of hostile requests from a seed, each answered in time with a code (build/hostile.md)
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/hostile/run.py -q -p no:cacheprovider --timeout=0

pii: bootstrap-dev ## Canaries in every channel, at the level DEBUG: none comes up in logs, metrics, answers or files
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/pii/run.py -q -p no:cacheprovider --timeout=0

clamav: bootstrap-dev ## The scanner of uploads against ClamAV's own daemon, which must be installed
	$(BIN)/python -m pytest tests/gateway/clamav.py -q -p no:cacheprovider

states: bootstrap-dev ## A made-up state with another Act, other offices and Tamil, from application to certificate, also over HTTP
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/states/journey.py tests/states/served.py -q -p no:cacheprovider --timeout=0

ws: bootstrap-dev ## Streams: the protocols rule by rule, abuse, and two processes with Valkey between them
	$(BIN)/python -m pytest tests/gateway/streams/*.py -q -p no:cacheprovider

forms: bootstrap-dev ## Every form in both languages in a browser: axe, 360 pixels, the keyboard alone
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/browser/test_forms.py -q -p no:cacheprovider

new-state: bootstrap-dev ## docs/new-state.md from an empty PostgreSQL in staging to the first citizen's certificate
	$(BIN)/python -m pytest tests/newstate/run.py -q -p no:cacheprovider --timeout=0

pages: bootstrap-dev ## Pages over the demo in a browser: journeys, scripts, GraphiQL; axe, 360 pixels, keyboard, no script
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/browser/pages/*.py -q -p no:cacheprovider

pictures: bootstrap-dev ## Take the pictures of docs/pages.md and the guides from the demo that `make run` started; URL= of another
	URL=$(URL) $(BIN)/python -m tools.pictures

drill: bootstrap-dev ## As root: PostgreSQL under Patroni, Valkey under Sentinel, two gateways under load and every fault; BOUND=ci for three (build/drill.md)
	BOUND=$(BOUND) $(BIN)/python -m benchmarks.drill.run

fuzz: bootstrap-dev ## schemathesis on the graph and every door of a partner; atheris on every reader of what strangers send
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/fuzz/run.py tests/fuzz/parsers.py -q -p no:cacheprovider --timeout=0

promtool: bootstrap-dev ## Prometheus' own promtool on the rules of deploy/observability; Debian's package prometheus has it
	$(BIN)/python -m pytest tests/deploy/promtool.py -q -p no:cacheprovider

.PHONY: deploy-check
deploy-check: bootstrap-dev ## deploy/ meets its real counterparts, which apt-get installs: image, Kubernetes, Compose, systemd, nginx, HAProxy, PgBouncer; BOUND=ci without the image
	BOUND=$(BOUND) $(BIN)/python -m pytest tests/deploy/run.py tests/deploy/edge.py tests/deploy/pgbouncer.py -q -p no:cacheprovider --timeout=0
	THROUGH_PGBOUNCER=1 $(BIN)/python -m pytest $(if $(filter ci,$(BOUND)),tests/store/database,tests/store tests/newstate/run.py) -k "postgres or certificate" -q -p no:cacheprovider --timeout=0

.PHONY: deployment
deployment: bootstrap-dev ## As root, with a mirror of Debian, so not in CI: docs/deployment.md on a bare Debian with systemd, from its first command to a sign-in over TLS and a reboot
	$(BIN)/python -m pytest tests/deploy/document.py -q -p no:cacheprovider --timeout=0

.PHONY: image
image: bootstrap-dev ## Make the image of gateway and worker, build/image/apuni.tar; needs mmdebstrap, buildah, netavark and root
	@deploy/image/build.sh

proofs: bootstrap-dev ## Every proof in its bounded form, two side by side; what failed runs once more, alone
	@$(BIN)/python tools/proofs.py ci

SOFTHSM ?= /usr/lib/softhsm/libsofthsm2.so
hsm: bootstrap-dev ## Keys in a PKCS#11 module and the bridge to tokens, against SoftHSM2; its signature by pdfsig
	@test -e $(SOFTHSM) || apt-get install -y softhsm2 || { echo "SoftHSM2 is not there: install it, or SOFTHSM=<its library>"; exit 1; }
	@command -v pdfsig >/dev/null || apt-get install -y poppler-utils || { echo "pdfsig is not there: install poppler-utils"; exit 1; }
	SOFTHSM=$(SOFTHSM) $(BIN)/python -m pytest tests/hsm/run.py -q -p no:cacheprovider
	SOFTHSM=$(SOFTHSM) $(BIN)/python -m pytest tests/hsm/bridge.py -q -p no:cacheprovider # SoftHSM lists its tokens once in a process

load: bootstrap-dev ## Steady load, overload, slow and dead sources, a herd: ratios of one run (benchmarks/load)
	BOUND=$(BOUND) $(BIN)/python -m benchmarks.load.run

readers: bootstrap-dev ## Certificates and papers of every kind, read by pdfsig, mutool and a reader of QR codes at 150 dpi
	@command -v pdfsig mutool zbarimg >/dev/null || apt-get install -y poppler-utils mupdf-tools zbar-tools || { echo "install poppler-utils, mupdf-tools and zbar-tools"; exit 1; }
	$(BIN)/python -m pytest tests/gateway/documents/readers.py -q -p no:cacheprovider

lock: ## Make the lock files anew from pyproject.toml (names no download address)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --group dev -c requirements/run.txt -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --group docs -c requirements/dev.txt -o requirements/docs.txt
	echo kubernetes-validate==1.37.0 | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements/deploy.txt

clean: ## Remove the environment and the demo's data
	rm -rf $(VENV) var
