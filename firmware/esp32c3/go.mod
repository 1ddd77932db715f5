module github.com/thimble-go/thimble/firmware/esp32c3

go 1.23.0

require (
	github.com/thimble-go/thimble v0.1.0
	tinygo.org/x/drivers v0.36.0
)

replace github.com/thimble-go/thimble => ../..
