module github.com/thimble-go/thimble/firmware/nano-rp2040-connect

go 1.23.0

require (
	github.com/thimble-go/thimble v0.1.0
	tinygo.org/x/drivers v0.36.0
)

require (
	github.com/google/shlex v0.0.0-20191202100458-e7afc7fbc510 // indirect
	golang.org/x/crypto v0.41.0 // indirect
	golang.org/x/sys v0.35.0 // indirect
)

replace github.com/thimble-go/thimble => ../..
