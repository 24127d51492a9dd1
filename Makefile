# Segue. `make run` and `make test` do all the set-up they need; `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

export CGO_ENABLED := 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))

# The end-to-end tests stand apart: they drive brokers whose certificates live for
# seconds, and would compete with everything else for the processor.
PACKAGES = packages=$$(go list ./...); packages=$$(grep -v /test/e2e <<<"$$packages")

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: build
build: ## bin/segue (needs Go alone)
	@scripts/setup.sh build
	go build -trimpath -ldflags "$(LDFLAGS)" -o bin/segue ./cmd/segue

.PHONY: run
run: build ## a demo in ./data on http://127.0.0.1:8420 (needs Go alone)
	@exec bin/segue serve --dir data --listen 127.0.0.1:8420 --tick 1s --log-level warn --demo

.PHONY: test
test: setup ## every test: both databases, a real Kafka broker, avn, the pages
	@$(PACKAGES); SEGUE_CRASH_POINTS=20 go test -count=1 -timeout 20m $$packages
	go test -count=1 -timeout 25m ./test/e2e/...

.PHONY: e2e
e2e: setup ## the tests with a real Kafka broker and avn alone
	go test -count=1 -timeout 25m -v ./test/e2e/...

.PHONY: setup
setup:
	@scripts/setup.sh test
	@test/e2e/fetch-kafka.sh >/dev/null
	@test/e2e/fetch-avn.sh >/dev/null
	@test/e2e/fetch-node.sh >/dev/null
	@test/e2e/fetch-schemathesis.sh >/dev/null

.PHONY: check
check: ## gofmt, go vet, staticcheck, generated code, the house
	@scripts/setup.sh build
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard -- '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w: $$unformatted" >&2; exit 1; fi
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...
	scripts/check-generated.sh
	go test -count=1 ./internal/house

.PHONY: generate
generate: ## write the Go code of the SQL queries again
	go generate ./...

RUNS ?= 3
.PHONY: bench
bench: build ## measure sweep, start, memory and digests; RUNS=3 of each (docs/performance.md)
	@scripts/setup.sh test
	go run ./test/bench -segue bin/segue -runs $(RUNS)
	go test -run '^$$' -bench 'Digest' -benchtime 20x -timeout 30m ./internal/app

POINTS ?= 200
.PHONY: crash
crash: ## end segue by force in the middle of sweeps, on both databases; POINTS=200 moments each
	@scripts/setup.sh test
	SEGUE_CRASH_POINTS=$(POINTS) go test -count=1 -timeout 6h -v ./test/crash

CHECKS ?= 50000
SEEDS ?= 10
.PHONY: soak
soak: ## random histories through the rules, seven years of reminders; CHECKS=50000 of each property, SEEDS=10 lives
	@scripts/setup.sh test
	go test -timeout 3h ./internal/lifecycle -rapid.checks $(CHECKS)
	SEGUE_YEARS_SEEDS=$(SEEDS) go test -count=1 -timeout 12h -v -run TestSevenYears ./internal/app

.PHONY: screenshots
screenshots: build ## render the digest mail and every page of the console into docs/images; needs Chromium
	@scripts/setup.sh screenshots
	go run ./test/screenshots

.PHONY: clean
clean: ## remove what was built and fetched; the data of `make run` stay
	rm -rf bin .cache
