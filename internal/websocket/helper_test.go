package websocket_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

// Opcodes as they stand on the wire.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

var key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// raw makes a frame octet by octet, apart from the code under test: first is
// its first octet, and a server's parser gets it masked.
func raw(server bool, first byte, payload string) []byte {
	b := header(server, first, uint64(len(payload)))
	for i := range len(payload) {
		c := payload[i]
		if server {
			c ^= key[i%4]
		}
		b = append(b, c)
	}
	return b
}

func header(server bool, first byte, length uint64) []byte {
	var mask byte
	if server {
		mask = 0x80
	}
	b := []byte{first}
	switch {
	case length < 126:
		b = append(b, mask|byte(length))
	case length < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(length))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), length)
	}
	if server {
		b = append(b, key[:]...)
	}
	return b
}

// fin and part make the last frame of a message and one before it.
func fin(server bool, op byte, payload string) []byte  { return raw(server, 0x80|op, payload) }
func part(server bool, op byte, payload string) []byte { return raw(server, op, payload) }

func join(frames ...[]byte) (b []byte) {
	for _, f := range frames {
		b = append(b, f...)
	}
	return b
}

// describe puts an item into words, so that a list of them can be compared.
func describe(item websocket.Item) string {
	names := map[websocket.Opcode]string{
		websocket.Text: "text", websocket.Binary: "binary",
		websocket.Close: "close", websocket.Ping: "ping", websocket.Pong: "pong",
	}
	name, ok := names[item.Opcode]
	if !ok {
		name = fmt.Sprintf("opcode %d", item.Opcode)
	}
	switch {
	case item.Kind == websocket.Message && item.Opcode < websocket.Close,
		item.Kind == websocket.Control && item.Opcode > websocket.Close:
		return fmt.Sprintf("%s %q", name, item.Payload)
	case item.Kind == websocket.Control && item.Opcode == websocket.Close:
		return fmt.Sprintf("close %d %q", item.Code, item.Payload)
	case item.Kind == websocket.Oversize && item.Opcode < websocket.Close:
		return fmt.Sprintf("oversize %s %d %q", name, item.Size, item.Payload)
	case item.Kind == websocket.OversizeEnd && item.Opcode < websocket.Close:
		return fmt.Sprintf("end of %s %d %q", name, item.Size, item.Payload)
	}
	return fmt.Sprintf("kind %d, %s", item.Kind, name)
}

// feeder is the owner of a connection's buffer. It moves what is not used to
// new memory each time, and ruins the old, as a buffer that is reused does.
type feeder struct {
	p     *websocket.Parser
	b     []byte
	items []string
	used  int
}

var errContract = errors.New("parser")

// feed appends more and takes everything out that is there.
func (f *feeder) feed(more []byte) error {
	for {
		b := make([]byte, len(f.b)+len(more))
		copy(b[copy(b, f.b):], more)
		more = nil
		for i := range f.b {
			f.b[i] = 0xEE
		}
		f.b = b
		used, item, err := f.p.Next(b)
		if used < 0 || used > len(b) {
			return fmt.Errorf("%w: used %d of %d", errContract, used, len(b))
		}
		f.used += used
		if err != nil {
			if item.Kind != websocket.None {
				return fmt.Errorf("%w: %s together with %v", errContract, describe(item), err)
			}
			return err
		}
		if item.Kind == websocket.None {
			f.b = b[used:]
			if need := f.p.Need(); need != 0 && need <= len(f.b) {
				return fmt.Errorf("%w: needs %d bytes, has %d and found nothing", errContract, need, len(f.b))
			}
			return nil
		}
		f.items = append(f.items, describe(item))
		f.b = b[used:]
	}
}

// feedPieces feeds in pieces of size bytes.
func (f *feeder) feedPieces(in []byte, size int) error {
	for len(in) > 0 {
		n := min(size, len(in))
		if err := f.feed(in[:n]); err != nil {
			return err
		}
		in = in[n:]
	}
	return nil
}

var sizes = []int{1 << 20, 1, 2, 3, 5, 8, 13, 127}

// bothRoles runs a test for what clients and what servers send.
func bothRoles(t *testing.T, do func(t *testing.T, server bool)) {
	t.Helper()
	for _, server := range []bool{false, true} {
		name := "client"
		if server {
			name = "server"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, server)
		})
	}
}
