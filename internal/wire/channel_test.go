package wire_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/wire"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		kind         wire.ChannelKind
		auth, client bool
	}{
		{"room", wire.Public, false, false},
		{"", wire.Public, false, false},
		{"cache-room", wire.Public, false, false},
		{"private", wire.Public, false, false},
		{"Private-room", wire.Public, false, false},
		{"my-private-room", wire.Public, false, false},
		{"#server-to-user-1", wire.Public, false, false},
		{"private-", wire.Private, true, true},
		{"private-room", wire.Private, true, true},
		{"private-cache-room", wire.Private, true, true},
		{"private-encrypted", wire.Private, true, true},
		{"private-encryptedroom", wire.Private, true, true},
		{"private-presence-room", wire.Private, true, true},
		{"presence-room", wire.Presence, true, true},
		{"presence-cache-room", wire.Presence, true, true},
		{"presence-private-encrypted-room", wire.Presence, true, true},
		{"private-encrypted-room", wire.Encrypted, true, false},
		{"private-encrypted-cache-room", wire.Encrypted, true, false},
	} {
		kind := wire.KindOf(tt.name)
		if kind != tt.kind || kind.Authorized() != tt.auth || kind.ClientEvents() != tt.client {
			t.Errorf("%q: kind %d, Authorized %v, ClientEvents %v", tt.name, kind, kind.Authorized(), kind.ClientEvents())
		}
	}
}

func TestValidChannel(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;"
	for c := range 256 {
		want := strings.IndexByte(alphabet, byte(c)) >= 0
		for _, name := range []string{string([]byte{byte(c)}), "room" + string([]byte{byte(c)}), string([]byte{byte(c)}) + "room"} {
			if got := wire.ValidChannel(name); got != want {
				t.Errorf("%q: %v", name, got)
			}
		}
	}
	for length, want := range map[int]bool{0: false, 1: true, wire.MaxChannelName: true, wire.MaxChannelName + 1: false} {
		if got := wire.ValidChannel(strings.Repeat("x", length)); got != want {
			t.Errorf("%d characters: %v", length, got)
		}
	}
}

func TestIsClientEvent(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"client-ping": true, "client-x": true, "client--": true,
		"client-": false, "client": false, "": false, "Client-x": false, "xclient-x": false, "client_x": false, "pusher:ping": false,
	} {
		if wire.IsClientEvent(name) != want || wire.IsClientEvent([]byte(name)) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestValidSocketID(t *testing.T) {
	t.Parallel()
	const max64 = "18446744073709551615"
	for id, want := range map[string]bool{
		"1.2": true, "0.0": true, "123456.78901234": true, max64 + "." + max64: true,
		"": false, ".": false, "1": false, "1.": false, ".1": false, "1.2.3": false, "1..2": false,
		"a.1": false, "1.a": false, "-1.2": false, "1.-2": false, " 1.2": false, "1.2\n": false, "1,2": false, "１.２": false,
		strings.Repeat("1", 41) + "." + strings.Repeat("2", 41): false,
	} {
		if wire.ValidSocketID(id) != want || wire.ValidSocketID([]byte(id)) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
