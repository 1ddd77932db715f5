package http1_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/http1"
)

const upgrade = "HTTP/1.1 101 Switching Protocols\r\n" +
	"Upgrade: websocket\r\n" +
	"connection: keep-alive, \tUpgrade \r\n" +
	"Sec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
	"X-Empty:\r\n" +
	"Via: 1.1 a\r\n" +
	"X~: tilde\r\n" +
	"X`: tick\r\n" +
	"via: 1.1 b\r\n" +
	"\r\n"

func TestParseHead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		status   int
		minor    int
		reason   string
	}{
		{"upgrade", upgrade, 101, 1, "Switching Protocols"},
		{"no fields", "HTTP/1.1 200 OK\r\n\r\n", 200, 1, "OK"},
		{"old version", "HTTP/1.0 404 Not Found\r\n\r\n", 404, 0, "Not Found"},
		{"newer minor version", "HTTP/1.9 200 OK\r\n\r\n", 200, 9, "OK"},
		{"empty reason", "HTTP/1.1 200 \r\n\r\n", 200, 1, ""},
		{"no space before the empty reason", "HTTP/1.1 200\r\n\r\n", 200, 1, ""},
		{"reason in Latin-1 with a tab", "HTTP/1.1 200 \xe9\t!\r\n\r\n", 200, 1, "\xe9\t!"},
		{"unknown class", "HTTP/1.1 999 \r\n\r\n", 999, 1, ""},
		{"value in UTF-8", "HTTP/1.1 200 OK\r\nA: \u00e9\r\n\r\n", 200, 1, "OK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := []byte(tt.in)
			for i := range in {
				if _, n, err := http1.ParseHead(in[:i]); n != 0 || err != nil {
					t.Fatalf("after %d bytes: n = %d, %v", i, n, err)
				}
			}
			h, n, err := http1.ParseHead(append(in, "HTTP\x00"...))
			if err != nil || n != len(tt.in) {
				t.Fatalf("n = %d, %v, want %d", n, err, len(tt.in))
			}
			if h.Status != tt.status || h.Minor != tt.minor || string(h.Reason) != tt.reason {
				t.Errorf("got %d %d %q", h.Status, h.Minor, h.Reason)
			}
		})
	}
}

func TestParseHeadRefuses(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"another protocol, before its line ends", "SSH-2.0", http1.ErrStatusLine},
		{"TLS alert", "\x15\x03\x01\x00\x02\x02\x46", http1.ErrStatusLine},
		{"HTTP/2", "HTTP/2", http1.ErrStatusLine},
		{"lower case", "http/1.1 200 OK\r\n", http1.ErrStatusLine},
		{"empty line first", "\r\n" + ok + "\r\n", http1.ErrStatusLine},
		{"minor version not a digit", "HTTP/1.x 200 OK\r\n", http1.ErrStatusLine},
		{"minor version of two digits", "HTTP/1.10 200 OK\r\n", http1.ErrStatusLine},
		{"status of two digits", "HTTP/1.1 20 OK\r\n", http1.ErrStatusLine},
		{"status of four digits", "HTTP/1.1 2000 OK\r\n", http1.ErrStatusLine},
		{"status below 100", "HTTP/1.1 099 OK\r\n", http1.ErrStatusLine},
		{"status with sign", "HTTP/1.1 +20 OK\r\n", http1.ErrStatusLine},
		{"two spaces", "HTTP/1.1  200 OK\r\n", http1.ErrStatusLine},
		{"tab", "HTTP/1.1\t200 OK\r\n", http1.ErrStatusLine},
		{"no status", "HTTP/1.1\r\n", http1.ErrStatusLine},
		{"NUL in the reason", "HTTP/1.1 200 O\x00K\r\n", http1.ErrStatusLine},
		{"CR in the reason", "HTTP/1.1 200 O\rK\r\n", http1.ErrStatusLine},
		{"bare LF after the status line", "HTTP/1.1 200 OK\n", http1.ErrLineEnding},
		{"bare LF after a field", ok + "A: b\n", http1.ErrLineEnding},
		{"bare LF at the end", ok + "\n", http1.ErrLineEnding},
		{"bare CR in a value", ok + "A: b\rC: d\r\n", http1.ErrFieldLine},
		{"two CR", ok + "A: b\r\r\n", http1.ErrFieldLine},
		{"CR CR LF at the end", ok + "\r\r\n", http1.ErrFieldLine},
		{"NUL in a value", ok + "A: \x00\r\n", http1.ErrFieldLine},
		{"DEL in a value", ok + "A: \x7f\r\n", http1.ErrFieldLine},
		{"folded line", ok + "A: b\r\n c\r\n", http1.ErrFieldLine},
		{"folded first line", ok + "\tA: b\r\n", http1.ErrFieldLine},
		{"no colon", ok + "A b\r\n", http1.ErrFieldLine},
		{"no name", ok + ": b\r\n", http1.ErrFieldLine},
		{"space before the colon", ok + "A : b\r\n", http1.ErrFieldLine},
		{"name not ASCII", ok + "\u00e9: b\r\n", http1.ErrFieldLine},
		{"name in parentheses", ok + "(A): b\r\n", http1.ErrFieldLine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, n, err := http1.ParseHead([]byte(tt.in))
			if err != tt.want || n != 0 || h.Status != 0 {
				t.Errorf("got %+v, %d, %v, want %v", h, n, err, tt.want)
			}
		})
	}
}

func TestParseHeadLimits(t *testing.T) {
	t.Parallel()
	const start, end = "HTTP/1.1 200 OK\r\nA: ", "\r\n\r\n"
	fill := strings.Repeat("x", http1.MaxHead-len(start)-len(end))
	fields := strings.Repeat("A: b\r\n", http1.MaxFields)
	for _, tt := range []struct {
		name, in string
		n        int
		want     error
	}{
		{"largest head", start + fill + end, http1.MaxHead, nil},
		{"largest head with more behind it", start + fill + end + "more", http1.MaxHead, nil},
		{"head one byte larger", start + fill + "x" + end, 0, http1.ErrHeadTooLarge},
		{"one byte before the limit, incomplete", (start + fill + end)[:http1.MaxHead-1], 0, nil},
		{"at the limit, incomplete", start + fill + "xxxx", 0, http1.ErrHeadTooLarge},
		{"status line without end", "HTTP/1.1 200 " + strings.Repeat("x", http1.MaxHead), 0, http1.ErrHeadTooLarge},
		{"most fields", "HTTP/1.1 200 \r\n" + fields + "\r\n", len(fields) + 17, nil},
		{"one field more", "HTTP/1.1 200 \r\n" + fields + "A: b\r\n", 0, http1.ErrTooManyFields},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, n, err := http1.ParseHead([]byte(tt.in)); n != tt.n || err != tt.want {
				t.Errorf("got %d, %v, want %d, %v", n, err, tt.n, tt.want)
			}
		})
	}
}

func TestHeadGet(t *testing.T) {
	t.Parallel()
	h, _, err := http1.ParseHead([]byte(upgrade))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, field, value string
		count              int
	}{
		{"as written", "Upgrade", "websocket", 1},
		{"other case", "SEC-WEBSOCKET-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1},
		{"blanks trimmed", "Connection", "keep-alive, \tUpgrade", 1},
		{"empty", "X-Empty", "", 1},
		{"twice", "Via", "1.1 a", 2},
		{"absent", "Host", "", 0},
		{"prefix of a name", "Upgrad", "", 0},
		{"no name", "", "", 0},
		{"differs where letters have their case, above them", "X^", "", 0},
		{"differs where letters have their case, below them", "X@", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if v, n := h.Get(tt.field); string(v) != tt.value || n != tt.count {
				t.Errorf("got %q, %d, want %q, %d", v, n, tt.value, tt.count)
			}
		})
	}
	if v, n := (http1.Head{}).Get("A"); v != nil || n != 0 {
		t.Errorf("zero Head: got %q, %d", v, n)
	}
}

func TestHeadHasToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, fields string
		want         bool
	}{
		{"alone", "Connection: upgrade\r\n", true},
		{"other case", "cONNECTION: UPGRADE\r\n", true},
		{"first", "Connection: upgrade,close\r\n", true},
		{"last, with blanks", "Connection: close \t,\t Upgrade \r\n", true},
		{"after empty elements", "Connection: ,, ,upgrade\r\n", true},
		{"on the second line", "Connection: close\r\nA: b\r\nConnection: upgrade\r\n", true},
		{"in another field", "Upgrade: upgrade\r\n", false},
		{"part of a token", "Connection: upgrades, xupgrade\r\n", false},
		{"two words", "Connection: upgrade now\r\n", false},
		{"empty", "Connection:\r\n", false},
		{"only commas", "Connection: ,,\r\n", false},
		{"absent", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, n, err := http1.ParseHead([]byte("HTTP/1.1 101 \r\n" + tt.fields + "\r\n"))
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			if got := h.HasToken("Connection", "Upgrade"); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
