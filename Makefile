# Every target is a script in ci/; what it does stands there.

.PHONY: test check unit unit32 bigendian fuzz interop soak boards firmware-test firmware-size build bench tidy demo

test: ## everything that CI runs
	@ci/all

check: ## format, vet, staticcheck, dependency rule
	@ci/check

unit: ## all Go tests, with the race detector
	@ci/unit

unit32: ## all Go tests on a 32-bit architecture
	@ci/unit32

bigendian: ## what runs on devices, on a big-endian processor
	@ci/bigendian

fuzz: ## each fuzz target for a moment
	@ci/fuzz

interop: ## the official pusher-js and pusher packages against ours
	@ci/interop

soak: ## ten minutes of clients that behave badly, beside some that do not
	@SOAK=$${SOAK:-10m} go test -v -timeout=60m -run '^TestSoak$$' ./server/internal/endtoend

boards: ## the firmware of every board compiles, if there is a TinyGo
	@ci/boards

firmware-test: ## the device's application in an emulator, if there is a TinyGo
	@ci/firmware-test

firmware-size: ## what the client takes on boards, if there is a TinyGo
	@ci/firmware-size

bench: ## benchmarks; nothing else runs them
	@ci/bench

build: ## the tool, as build/thimble
	@go build -o build/thimble ./server/cmd/thimble

tidy: ## go.mod and go.sum of both modules
	@ci/tidy

demo: build ## a device on a page
	@build/thimble demo
