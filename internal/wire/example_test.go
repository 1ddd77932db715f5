package wire_test

import (
	"fmt"

	"github.com/thimble-go/thimble/internal/wire"
)

func ExampleParse() {
	received := []byte(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\",\"activity_timeout\":120}"}`)
	var m wire.Message
	if err := wire.Parse(received, &m); err != nil {
		fmt.Println(err)
		return
	}
	payload := m.Payload() // the object within the string
	seconds, _ := payload.Get("activity_timeout").Int()
	fmt.Printf("%s: %s, %d s\n", m.Event, payload.Get("socket_id").Text(), seconds)
	// Output: pusher:connection_established: 1.2, 120 s
}

func ExampleValue_Path() {
	v, err := wire.ParseValue([]byte(`{"led":{"color":[255,0,64]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	blue, ok := v.Path("led.color.2").Int()
	fmt.Println(blue, ok, v.Path("led.brightness").Kind() == wire.Absent)
	// Output: 64 true true
}
