// The demonstration device's application.
package main

import (
	"strings"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/app"
	"github.com/thimble-go/thimble/firmware/size/stub"
)

type sensor struct{}

func (sensor) ReadTemperature() (int32, error) {
	var b [1]byte
	_, err := stub.Device{}.Read(b[:])
	return int32(b[0]), err
}

type led struct{}

func (led) Set(on bool) { println(on) }

func main() {
	stub.Use(stub.Device{})
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: "broker.example:6001", Plaintext: true,
		Authorizer: thimble.Endpoint{URL: "http://broker.example:6002/pusher/auth", Params: map[string]string{"device": "size"}},
		Entropy:    stub.Device{},
	})
	if err != nil {
		println(err.Error())
		return
	}
	device, err := app.New(app.Config{
		Client: client, Sensor: sensor{}, LED: led{},
		MayControl: func(userID string) bool { return strings.HasPrefix(userID, "operator-") },
		Log:        func(text string) { println(text) },
	})
	if err != nil {
		println(err.Error())
		return
	}
	for device.Poll() == nil {
	}
}
