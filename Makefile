# Two targets matter: `make up` runs the service, `make test` passes all tests.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  = -X main.version=$(VERSION)
ADDR    ?= 127.0.0.1:8080
CHROMIUM = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
GOFUMPT  = mvdan.cc/gofumpt@v0.12.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: up build test tools vendor lint bench clean

# Build everything, make the first release if there is none, serve it.
up: build
	./bin/bygdevekst up --addr $(ADDR)

build: vendor
	go build -ldflags '$(LDFLAGS)' -o bin/bygdevekst ./cmd/bygdevekst

# Third-party style sheets and fonts come from npm, pinned, and are embedded.
vendor: node_modules/.package-lock.json
	npm run --silent vendor

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# What the tests need beyond Go and Node: a Chromium for the browser tests.
tools:
ifeq ($(CHROMIUM),)
	apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation
endif

test: tools build
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'gofmt: the files above are not formatted'; exit 1; }
	go vet ./...
	go test -timeout 15m ./...

lint:
	go run $(GOFUMPT) -l -d $$(git ls-files '*.go')
	go run $(STATICCHECK) ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

clean:
	rm -rf bin node_modules
