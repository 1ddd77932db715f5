package websocket_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

// The example of RFC 6455 1.3.
const (
	exampleKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	exampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

func TestAccept(t *testing.T) {
	t.Parallel()
	if got := websocket.Accept(exampleKey); got != exampleAccept {
		t.Errorf("got %s, want %s", got, exampleAccept)
	}
}

// TestAcceptOfAnyKey checks it against the standard library's SHA-1 and base64,
// which boards do without.
func TestAcceptOfAnyKey(t *testing.T) {
	t.Parallel()
	key := ""
	for range 83 { // with the constant of RFC 6455 119 bytes: two blocks of SHA-1 in full
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		if got, want := websocket.Accept(key), base64.StdEncoding.EncodeToString(sum[:]); got != want {
			t.Errorf("%d bytes: %s, want %s", len(key), got, want)
		}
		key += string(rune('A' + len(key)%26))
	}
}

func TestNewKey(t *testing.T) {
	t.Parallel()
	if got := websocket.NewKey([16]byte([]byte("the sample nonce"))); got != exampleKey {
		t.Errorf("got %s, want %s", got, exampleKey)
	}
}

func TestValidKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		exampleKey: true,
		websocket.NewKey([16]byte{0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0xFA}): true,
		"":                             false,
		"dGhlIHNhbXBsZSBub25jZQ":       false,
		"dGhlIHNhbXBsZSBub25jZQ=":      false,
		"dGhlIHNhbXBsZSBub25jZ!==":     false,
		exampleKey + "\n":              false,
		"dGhlIHNhbXBs\r\nZSBub25jZQ==": false,
		base64.StdEncoding.EncodeToString([]byte("fifteen bytes..")):   false,
		base64.StdEncoding.EncodeToString([]byte("seventeen bytes..")): false,
		base64.StdEncoding.EncodeToString(make([]byte, 18)):            false,
		"_-_-_-_-_-_-_-_-_-_-_A==":                                     false,
	} {
		if websocket.ValidKey(key) != want {
			t.Errorf("%q: %v", key, !want)
		}
	}
}

func TestAppendRequest(t *testing.T) {
	t.Parallel()
	b, err := websocket.AppendRequest([]byte("before"), "ws-eu.pusher.com", "/app/key?protocol=7", exampleKey)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(b, []byte("before"))
	if !ok {
		t.Fatalf("what stood before became %q", b)
	}
	r := bufio.NewReader(bytes.NewReader(rest))
	req, err := http.ReadRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if req.Method != "GET" || req.RequestURI != "/app/key?protocol=7" || req.Host != "ws-eu.pusher.com" || !req.ProtoAtLeast(1, 1) {
		t.Errorf("%s %s %s, host %s", req.Method, req.RequestURI, req.Proto, req.Host)
	}
	for name, want := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": exampleKey,
		// What is not offered cannot be chosen: RFC 6455 9.1.
		"Sec-WebSocket-Extensions": "", "Sec-WebSocket-Protocol": "",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if req.ContentLength != 0 || r.Buffered() != 0 {
		t.Errorf("a body of %d bytes, %d bytes left", req.ContentLength, r.Buffered())
	}
	for _, tt := range []struct{ name, host, target string }{
		{"line break in the target", "example.com", "/a\r\nX: y"},
		{"blank in the target", "example.com", "/a b"},
		{"no slash", "example.com", "app"},
		{"line break in the host", "example.com\r\nX: y", "/"},
		{"no host", "", "/"},
	} {
		if _, err := websocket.AppendRequest(nil, tt.host, tt.target, exampleKey); err == nil {
			t.Errorf("%s is accepted", tt.name)
		}
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\n"

func TestParseResponse(t *testing.T) {
	t.Parallel()
	const accept = "Sec-WebSocket-Accept: " + exampleAccept + "\r\n"
	for _, tt := range []struct{ name, in string }{
		{"of the RFC", switching + "Upgrade: websocket\r\nConnection: Upgrade\r\n" + accept + "\r\n"},
		{"letter case", switching + "upgrade: WebSocket\r\nCONNECTION: upgrade\r\nsec-websocket-accept: " + exampleAccept + "\r\n\r\n"},
		{"other fields", switching + "Server: x\r\nDate: now\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nX: \r\n" + accept + "\r\n"},
		{"connection on two lines", switching + "Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n" + accept + "\r\n"},
		{"blanks", switching + "Upgrade: \twebsocket \r\nConnection:Upgrade\r\nSec-WebSocket-Accept:   " + exampleAccept + "  \r\n\r\n"},
		{"no reason", "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + accept + "\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := []byte(tt.in + "\x81\x05hello")
			for end := range len(in) + 1 {
				want := 0
				if end >= len(tt.in) {
					want = len(tt.in)
				}
				if n, err := websocket.ParseResponse(in[:end], exampleKey); n != want || err != nil {
					t.Fatalf("with %d bytes: %d, %v, want %d", end, n, err, want)
				}
			}
		})
	}
}

func TestParseResponseRefuses(t *testing.T) {
	t.Parallel()
	const (
		upgrade    = "Upgrade: websocket\r\n"
		connection = "Connection: Upgrade\r\n"
		accept     = "Sec-WebSocket-Accept: " + exampleAccept + "\r\n"
	)
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"no Upgrade", switching + connection + accept, websocket.ErrUpgrade},
		{"another Upgrade", switching + "Upgrade: h2c\r\n" + connection + accept, websocket.ErrUpgrade},
		{"another Upgrade of the same length", switching + "Upgrade: webpocket\r\n" + connection + accept, websocket.ErrUpgrade},
		{"Upgrade that only begins so", switching + "Upgrade: websockets\r\n" + connection + accept, websocket.ErrUpgrade},
		{"no Connection", switching + upgrade + accept, websocket.ErrUpgrade},
		{"another Connection", switching + upgrade + "Connection: keep-alive, upgraded\r\n" + accept, websocket.ErrUpgrade},
		{"no Accept", switching + upgrade + connection, websocket.ErrAccept},
		{"empty Accept", switching + upgrade + connection + "Sec-WebSocket-Accept:\r\n", websocket.ErrAccept},
		{"the key as Accept", switching + upgrade + connection + "Sec-WebSocket-Accept: " + exampleKey + "\r\n", websocket.ErrAccept},
		{"Accept in another letter case", switching + upgrade + connection + "Sec-WebSocket-Accept: " + strings.ToLower(exampleAccept) + "\r\n", websocket.ErrAccept},
		{"Accept twice", switching + upgrade + connection + accept + accept, websocket.ErrAccept},
		{"extension", switching + upgrade + connection + accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n", websocket.ErrExtension},
		{"subprotocol", switching + upgrade + connection + accept + "Sec-WebSocket-Protocol: chat\r\n", websocket.ErrExtension},
		{"no HTTP", "SSH-2.0-x\r\n", websocket.ErrStatusLine},
		{"a status of two digits", "HTTP/1.1 10 x\r\n", websocket.ErrStatusLine},
		{"a status of four digits", "HTTP/1.1 1010\r\n", websocket.ErrStatusLine},
		{"no blank before the status", "HTTP/1.1+101 \r\n", websocket.ErrStatusLine},
		{"no carriage return", switching + "Upgrade: websocket\n", websocket.ErrFieldLine},
		{"blank before the colon", switching + "Upgrade : websocket\r\n", websocket.ErrFieldLine},
		{"a folded line", switching + "X: y\r\n Upgrade: websocket\r\n", websocket.ErrFieldLine},
		{"no name", switching + ": websocket\r\n", websocket.ErrFieldLine},
		{"two Upgrades", switching + "Upgrade: websocket\r\nUpgrade: h2c\r\n" + connection + accept, websocket.ErrUpgrade},
		{"two Upgrades, ours last", switching + "Upgrade: h2c\r\n" + upgrade + connection + accept, websocket.ErrUpgrade},
		{"Upgrade to one of two", switching + "Upgrade: h2c, websocket\r\n" + connection + accept, websocket.ErrUpgrade}, // RFC 6455 4.1
		{"Accept of another key, then ours", switching + upgrade + connection + "Sec-WebSocket-Accept: " + exampleKey + "\r\n" + accept, websocket.ErrAccept},
		{"a status of none", "HTTP/1.1 000 x\r\n", websocket.ErrStatusLine},
		{"a version of no digit", "HTTP/1.x 101 Switching Protocols\r\n" + upgrade + connection + accept, websocket.ErrStatusLine},
		{"a carriage return in the status line", "HTTP/1.1 101 \rX\r\n" + upgrade + connection + accept, websocket.ErrStatusLine},
		{"a carriage return in a value", switching + "X: a\rb\r\n" + upgrade + connection + accept, websocket.ErrFieldLine},
		{"a carriage return too many", switching + "X: a\r\r\n" + upgrade + connection + accept, websocket.ErrFieldLine},
		{"a NUL in a value", switching + "X: a\x00b\r\n" + upgrade + connection + accept, websocket.ErrFieldLine},
		{"a DEL in a value", switching + "X: a\x7fb\r\n" + upgrade + connection + accept, websocket.ErrFieldLine},
		{"a frame at once", "\x81\x05hello", websocket.ErrStatusLine},
		{"bad field", switching + "Upgrade websocket\r\n", websocket.ErrFieldLine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if n, err := websocket.ParseResponse([]byte(tt.in+"\r\n"), exampleKey); n != 0 || err != tt.want {
				t.Errorf("got %d, %v, want %v", n, err, tt.want)
			}
		})
	}
	for status, advice := range map[string]string{
		"200": "host and path", "301": "redirections", "400": "TLS setting", "403": "host and path",
		"404": "host and path", "426": "", "503": "not ready", "100": "host and path",
	} {
		_, err := websocket.ParseResponse([]byte("HTTP/1.1 "+status+" \r\n"+upgrade+connection+accept+"\r\n"), exampleKey)
		var other *websocket.StatusError
		if !errors.As(err, &other) || !strings.Contains(err.Error(), status) || !strings.Contains(err.Error(), advice) {
			t.Errorf("status %s: %v", status, err)
		}
	}
}

// FuzzParseResponse checks that what is taken for an upgrade is one to net/http
// too, and that no part of an answer is refused that all of it would not be.
func FuzzParseResponse(f *testing.F) {
	for _, seed := range []string{
		switching + "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: " + exampleAccept + "\r\n\r\n\x81\x05hello",
		"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n",
		switching + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: x\r\n\r\n",
		"HTTP/1.1 101 \r\n X: y\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := websocket.ParseResponse(b, exampleKey)
		if n < 0 || n > len(b) || n > 0 && err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		for end := range b {
			some, early := websocket.ParseResponse(b[:end], exampleKey)
			if some != 0 && some != n || early != nil && (err == nil || early.Error() != err.Error()) {
				t.Fatalf("of %d bytes: %d, %v; of all: %d, %v", end, some, early, n, err)
			}
		}
		if n == 0 {
			return
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b[:n])), nil)
		if err != nil {
			return // it is stricter about names and values that mean nothing here
		}
		if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-Websocket-Accept") != exampleAccept || res.Header.Get("Sec-Websocket-Extensions") != "" {
			t.Errorf("taken: %q", b[:n])
		}
	})
}
