# Every command that a developer or a user types. `make up` and `make test` set themselves up on a fresh machine.

FLOTILLA := node_modules/.bin/flotilla
CONFIG ?= cluster-configs/local.yaml
TSC := node_modules/.bin/tsc -b

.PHONY: up down build check test bench bench-report profile scaling turns sim mutants chaos proto clean

node_modules/.installed: package.json package-lock.json $(wildcard packages/*/package.json)
	npm ci --no-audit --no-fund
	@touch $@

proto: packages/wire/gen/wire.js packages/wire/gen/openapi.js packages/wire/gen/descriptor.js

packages/wire/gen/wire.js packages/wire/gen/openapi.js packages/wire/gen/descriptor.js &: node_modules/.installed packages/wire/scripts/generate.sh $(shell find proto -name '*.proto')
	packages/wire/scripts/generate.sh

build: node_modules/.installed proto
	$(TSC)
	node packages/cli/scripts/bundle.js

up: build
	$(FLOTILLA) up --config $(CONFIG) --apply examples/web.yaml

down: build
	$(FLOTILLA) down --config $(CONFIG)

check: build
	node_modules/.bin/oxlint -c .oxlintrc.json
	node_modules/.bin/prettier --check --log-level warn .
	node_modules/.bin/knip

# Those of the tests that cross packages that start a whole cluster run one after the other.
test: build
	@status=0; \
	node_modules/.bin/tap packages/*/dist-test/*.test.js dist-test/conformance/*/*.test.js || status=1; \
	node_modules/.bin/tap --jobs=1 dist-test/*/*.test.js || status=1; \
	exit $$status

# Runs seeds of simulated clusters; a failing one prints its trace and how to replay it.
sim: build
	SEEDS=$(or $(SEEDS),100) FROM=$(or $(FROM),1) node packages/simulator/dist/main.js

# Puts known bugs into the compiled code, one at a time, and records a seed that catches each.
mutants: build
	SEEDS=$(or $(SEEDS),40) FROM=$(or $(FROM),1) node packages/simulator/dist/mutants/main.js $(ONLY)

# Real members, whatever can befall them, and clients that remember everything; a failing round prints how to see it again.
chaos: build
	MINUTES=$(or $(MINUTES),2) node dist-test/chaos/main.js

# The store is judged on Node 24, whatever Node builds it; npm has the binary.
NODE24_PACKAGE := node-linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
NODE24 := bench/.node/node_modules/$(NODE24_PACKAGE)/bin/node

$(NODE24):
	@mkdir -p bench/.node && echo '{"private": true}' > bench/.node/package.json
	npm install --prefix bench/.node --no-audit --no-fund $(NODE24_PACKAGE)@24 || \
	{ echo 'make: npm could not bring Node 24; give one of your own instead: make bench NODE24=PATH'; exit 1; }
	@test -x $@ || { echo 'make: $(NODE24_PACKAGE) holds no bin/node'; exit 1; }

# The main line first, then the store beside etcd: a pass with Node 24, and one with the Node at hand.
bench: build $(NODE24)
	node bench/dist/main.js
	node bench/dist/store/main.js --node $(NODE24) --node node

# Draws the store's results as one SVG.
bench-report: build
	node bench/dist/store/draw.js

# Where the leader's time goes under puts: a table and a flame graph.
profile: build $(NODE24)
	node bench/dist/store/profile.js --node $(NODE24)

# How the rows grow with members, clients, keys and values.
scaling: build $(NODE24)
	node bench/dist/store/scaling.js --node $(NODE24)

# The longest turns of the event loop under large ranges, a hash, a snapshot, a compaction and a follower that catches up.
turns: build $(NODE24)
	node bench/dist/store/long-turns.js --node $(NODE24)

clean:
	rm -rf packages/*/dist packages/*/dist-test packages/wire/gen dist-test bench/dist bench/.node node_modules/.installed
