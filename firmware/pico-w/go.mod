module github.com/thimble-go/thimble/firmware/pico-w

go 1.23.8

require (
	github.com/soypat/cyw43439 v0.1.1
	github.com/soypat/lneto v0.1.0
	github.com/thimble-go/thimble v0.1.0
	tinygo.org/x/drivers v0.36.0
)

require (
	github.com/soypat/seqs v0.0.0-20250124201400-0d65bc7c1710 // indirect
	github.com/tinygo-org/pio v0.3.0 // indirect
	golang.org/x/crypto v0.41.0 // indirect
	golang.org/x/exp v0.0.0-20241204233417-43b7b7cde48d // indirect
	golang.org/x/sys v0.35.0 // indirect
)

replace github.com/thimble-go/thimble => ../..
