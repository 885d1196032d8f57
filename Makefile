# Every target says what it does: `make help`.
GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.0
FUZZSECONDS ?= 20
MILLIONS    ?= 1,10,100
# Tests side by side in one package: more than the two cores of small runners, because runs mostly wait.
PARALLEL    ?= 3

.PHONY: help build test race lint fuzz bench bench-analysis bench-peers golden clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## build ./stickybench
	$(GO) build -o stickybench ./cmd/stickybench

test: ## run all tests; says which real components were found
	@.ci/components
	$(GO) test -timeout 10m -parallel $(PARALLEL) ./...

# The detector lets a program that ends wait a second for late reports; the tests end hundreds of them.
race: ## run the tests under the race detector
	GORACE=atexit_sleep_ms=20 $(GO) test -race -timeout 12m -parallel $(PARALLEL) ./...

lint: ## gofmt, vet, staticcheck, tidy go.mod
	@test -z "$$(gofmt -l .)" || { echo "gofmt wants:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff

fuzz: ## fuzz each fuzz target for about FUZZSECONDS
	@.ci/fuzz $(FUZZSECONDS)

bench: ## Go benchmarks with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-analysis: ## analysis of MILLIONS=1,10,100 exchanges: speed per core and peak memory (needs 48 GB of disk)
	STICKYBENCH_BENCH_MILLIONS=$(MILLIONS) $(GO) test -run '^$$' -bench '^BenchmarkAnalyze$$' -benchtime 1x -timeout 60m ./analysis

bench-peers: ## cost, pacing, stall and memory of us and other generators (PEERS=wrk,stickybench,… ROWS=cost,pacing,… ROUNDS=1 for a short one)
	$(GO) run ./.ci/peers $(if $(PEERS),-only $(PEERS)) $(if $(ROWS),-rows $(ROWS)) $(if $(ROUNDS),-rounds $(ROUNDS))

golden: ## rewrite golden files after a wanted change
	$(GO) test ./targets/balancers ./results -update
	$(GO) test ./cmd/stickybench -run Reference -update

clean: ## remove what builds and runs leave
	rm -rf stickybench stickybench-results
