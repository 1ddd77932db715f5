package websocket_test

import (
	"fmt"

	"github.com/thimble-go/thimble/internal/websocket"
)

// A client's connection with the reading left out: the buffer keeps what the
// parser has not used, and gets what comes next behind it.
func ExampleParser() {
	received := [][]byte{
		{0x81, 0x05, 'h', 'e'},                                 // the start of a text
		{'l', 'l', 'o', 0x89, 0x00},                            // its end, and a ping
		{0x01, 0x03, 't', 'w', 'o', 0x80, 0x03, 'o', 'n', 'e'}, // a text in two fragments
	}
	var parser websocket.Parser
	var buffer []byte
	for _, b := range received {
		buffer = append(buffer, b...)
		for {
			used, item, err := parser.Next(buffer)
			if err != nil {
				fmt.Println(err)
				return
			}
			buffer = buffer[used:]
			if item.Kind == websocket.None {
				break
			}
			fmt.Printf("opcode %d: %q\n", item.Opcode, item.Payload)
		}
	}
	// Output:
	// opcode 1: "hello"
	// opcode 9: ""
	// opcode 1: "twoone"
}

// Several frames go into one buffer, each payload written where it is sent from.
func ExampleBegin() {
	mask := &[4]byte{1, 2, 3, 4} // random, and another one for each frame
	var out []byte
	for _, n := range []int{1, 2} {
		start := len(out)
		out = websocket.Begin(out)
		out = fmt.Appendf(out, `{"n":%d}`, n)
		out = websocket.Finish(out, start, websocket.Text, mask)
	}
	fmt.Printf("%x\n", out)
	// Output:
	// 8187010203047a206d263b337e8187010203047a206d263b307e
}
