module github.com/thimble-go/thimble/firmware/size

go 1.23.0

require (
	github.com/thimble-go/thimble v0.1.0
	github.com/thimble-go/thimble/firmware/emulated v0.1.0
)

require (
	golang.org/x/crypto v0.41.0 // indirect
	golang.org/x/sys v0.35.0 // indirect
)

replace github.com/thimble-go/thimble => ../..

replace github.com/thimble-go/thimble/firmware/emulated => ../emulated
