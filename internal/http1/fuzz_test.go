package http1_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/http1"
)

var responses = []string{
	upgrade,
	ok + "\r\nuntil the end",
	ok + "Content-Length: 5\r\nConnection: close\r\n\r\nhello",
	"HTTP/1.0 200\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
	chunked + "5;a=\"b\"\r\nhello\r\n0A\r\n0123456789\r\n0\r\nA: b\r\n\r\nnext",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
	ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
	ok + "A: b\r\n folded\r\n\r\n",
	ok + "A: b\n\n",
	chunked + "ffffffffffffffff\r\n",
	chunked + "1 ;a=\"\r\n\"\r\nx\r\n",
	chunked + "1;\xff\t\r\nx\r\n0000\r\nContent-Length: 3\r\nHost :\r\n\r\n",
	"HTTP/1.1 103 \r\nLink: <a>; b=\"c, d\"\r\n\r\nHTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\n\r\n",
	"HTTP/1.1 304 \r\nContent-Length: 00\r\nConnection: a, Close\r\n\r\n",
	"HTTP/1.0 200 \t\r\nContent-Length: 1\r\nContent-Length: 1\r\nTrailer: A, Pragma\r\n\r\nx",
	"SSH-2.0",
}

// stock reads the final response of in as net/http does.
func stock(in []byte) (res *http.Response, rest *bufio.Reader, err error) {
	rest = bufio.NewReader(bytes.NewReader(in))
	for {
		res, err = http.ReadResponse(rest, nil)
		if err != nil || res.StatusCode >= 200 || res.StatusCode == 101 {
			return res, rest, err
		}
	}
}

// FuzzParseHead: no input panics; a head is found at the same place however
// much follows it, never in a part of it; and net/http reads the same in it.
func FuzzParseHead(f *testing.F) {
	for _, s := range responses {
		f.Add([]byte(s), 20)
	}
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		h, n, err := http1.ParseHead(in)
		if n < 0 || n > min(len(in), http1.MaxHead) || err != nil && n != 0 {
			t.Fatalf("n = %d of %d, %v", n, len(in), err)
		}
		part := in[:int(uint(cut)%uint(len(in)+1))]
		_, m, partErr := http1.ParseHead(part)
		switch {
		case n > 0 && len(part) < n && (m != 0 || partErr != nil), n > 0 && len(part) >= n && m != n:
			t.Fatalf("whole: %d; first %d bytes: %d, %v", n, len(part), m, partErr)
		case partErr != nil && partErr != err, n == 0 && m != 0:
			t.Fatalf("whole: %v; first %d bytes: %d, %v", err, len(part), m, partErr)
		}
		if n == 0 {
			return
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(in[:n])), nil)
		if err != nil {
			// net/http looks into fields that Reader judges, not ParseHead.
			for _, name := range []string{"Content-Length", "Transfer-Encoding", "Trailer"} {
				if _, count := h.Get(name); count > 0 {
					return
				}
			}
			t.Fatalf("net/http refuses what was accepted: %v", err)
		}
		if res.StatusCode != h.Status || res.ProtoMinor != h.Minor {
			t.Fatalf("net/http reads %s %d", res.Proto, res.StatusCode)
		}
		for name, values := range res.Header {
			if name == "Cache-Control" || name == "Content-Length" {
				continue // net/http makes up the one from Pragma, and merges the other
			}
			v, count := h.Get(name)
			if count != len(values) || string(v) != values[0] {
				t.Fatalf("%s: net/http reads %q, got %q, %d", name, values, v, count)
			}
			for _, list := range values {
				for _, token := range strings.Split(list, ",") {
					token = strings.Trim(token, " \t")
					if token != "" && !h.HasToken(name, token) {
						t.Fatalf("%s has no token %q", name, token)
					}
				}
			}
		}
	})
}

// FuzzReader: no input panics; it makes no difference where the network cuts
// it; limits hold; and net/http reads the same in what is accepted.
func FuzzReader(f *testing.F) {
	for i, s := range responses {
		f.Add([]byte(s), []byte{byte(i), 1, 30}, uint16(20*i))
	}
	f.Fuzz(func(t *testing.T, in, cuts []byte, maxBody uint16) {
		if len(in) > 2*http1.MaxHead {
			return
		}
		whole := http1.Reader{MaxBody: int(maxBody)}
		n, err := whole.Feed(in)
		if n < 0 || n > len(in) || err == nil && n < len(in) && !whole.Done() {
			t.Fatalf("n = %d of %d, %v", n, len(in), err)
		}
		if limit := int(maxBody); limit > 0 && len(whole.Body()) > limit {
			t.Fatalf("body of %d bytes", len(whole.Body()))
		}

		// A reader that has been used before, fed in pieces.
		pieces := http1.Reader{MaxBody: int(maxBody)}
		pieces.Feed(append([]byte(nil), in...))
		pieces.Reset()
		taken, piecesErr := 0, error(nil)
		for i := 0; taken < len(in) && piecesErr == nil && !pieces.Done(); i++ {
			size := 1
			if len(cuts) > 0 {
				size += int(cuts[i%len(cuts)])
			}
			piece := append([]byte(nil), in[taken:min(taken+size, len(in))]...)
			var m int
			m, piecesErr = pieces.Feed(piece)
			taken += m
			for j := range piece { // it must not have been kept
				piece[j] = '!'
			}
		}
		if err != piecesErr || err == nil && n != taken {
			t.Fatalf("whole: %d, %v; in pieces: %d, %v", n, err, taken, piecesErr)
		}
		if a, b := whole.End(), pieces.End(); a != b {
			t.Fatalf("whole: End = %v; in pieces: %v", a, b)
		}
		if whole.Done() != pieces.Done() || whole.Status() != pieces.Status() ||
			whole.KeepAlive() != pieces.KeepAlive() || err == nil && !bytes.Equal(whole.Body(), pieces.Body()) {
			t.Fatalf("whole: %d %q; in pieces: %d %q", whole.Status(), whole.Body(), pieces.Status(), pieces.Body())
		}
		if !whole.Done() {
			return
		}

		res, rest, err := stock(in)
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") {
				return // the Trailer field is of no interest here
			}
			t.Fatalf("net/http refuses what was accepted: %v", err)
		}
		if res.StatusCode != whole.Status() {
			t.Fatalf("net/http reads status %d, got %d", res.StatusCode, whole.Status())
		}
		if res.StatusCode == 101 {
			return // net/http takes what follows as its body
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || !bytes.Equal(body, whole.Body()) {
			t.Fatalf("net/http reads %q, %v, got %q", body, err, whole.Body())
		}
		if left, _ := io.ReadAll(rest); len(left) != len(in)-n {
			t.Fatalf("net/http leaves %d bytes, got %d", len(left), len(in)-n)
		}
		if whole.KeepAlive() && res.Close {
			t.Fatal("net/http would close the connection")
		}
	})
}

// FuzzAppendRequest: whatever the parts are, what is written is one request
// with exactly these parts.
func FuzzAppendRequest(f *testing.F) {
	f.Add("POST", "example.com", "/pusher/auth?a=b", "Authorization", "Bearer x", []byte("a=b"), true)
	f.Add("GET", "[::1]:80", "/%41//", "A", "x\r\nB: c", []byte(nil), false)
	f.Add("GET / HTTP/1.1\r\nA:", "h\n", "/ ", "A:b", " \t", []byte("\r\n"), false)
	f.Fuzz(func(t *testing.T, method, host, target, name, value string, body []byte, end bool) {
		r := http1.Request{
			Method: method, Host: host, Target: target,
			Fields: []http1.Field{{Name: "X-First", Value: "1"}, {Name: name, Value: value}},
			Body:   body, Close: end,
		}
		out, err := http1.AppendRequest(nil, &r)
		if err != nil {
			if out != nil {
				t.Fatalf("%v, and yet %q", err, out)
			}
			return
		}
		if strings.EqualFold(name, "Trailer") || strings.EqualFold(name, "Pragma") {
			return // net/http takes the one away and adds to the other
		}
		in := bufio.NewReader(bytes.NewReader(out))
		got, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", out, err)
		}
		if got.Method != method || got.Host != host || got.RequestURI != target {
			t.Fatalf("net/http reads %q %q %q", got.Method, got.Host, got.RequestURI)
		}
		values := got.Header.Values(name)
		if len(values) == 0 || !contains(values, strings.Trim(value, " \t")) {
			t.Fatalf("%q: net/http reads %q, want %q", name, values, value)
		}
		for other := range got.Header {
			if !strings.EqualFold(other, name) && other != "X-First" && other != "Content-Length" && other != "Connection" {
				t.Fatalf("field %q was injected", other)
			}
		}
		read, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(read, body) {
			t.Fatalf("net/http reads the body %q, %v", read, err)
		}
		if left, _ := io.ReadAll(in); len(left) != 0 {
			t.Fatalf("net/http leaves %q", left)
		}
	})
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// FuzzSplitURL: net/url reads the same in what is accepted, and AppendRequest
// takes it.
func FuzzSplitURL(f *testing.F) {
	f.Add("https://example.com/pusher/auth?a=b")
	f.Add("HTTP://[2001:db8::1]:8080?x")
	f.Add("http://user:secret@127.0.0.1:80/#f")
	f.Add("http://h:443")
	f.Add("https://h:443/a//b/%41?[]=%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := http1.SplitURL(raw)
		if err != nil {
			if u != (http1.URL{}) {
				t.Fatalf("%v, and yet %+v", err, u)
			}
			return
		}
		if _, err := http1.AppendRequest(nil, &http1.Request{Method: "GET", Host: u.Host, Target: u.Target}); err != nil {
			t.Fatalf("%+v: %v", u, err)
		}
		std, err := url.Parse(raw)
		if err != nil {
			if inner, _, found := strings.Cut(strings.TrimPrefix(u.Host, "["), "]"); found {
				if _, err := netip.ParseAddr(inner); err != nil {
					return // left to the one who dials
				}
			}
			t.Fatalf("net/url refuses what was accepted: %v", err)
		}
		port := std.Port()
		if port == "" {
			port = map[bool]string{false: "80", true: "443"}[u.TLS]
		}
		host := std.Hostname()
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if (std.Scheme == "https") != u.TLS || host+":"+port != u.Address || std.RequestURI() != u.Target {
			t.Fatalf("net/url reads %q %q %q, got %+v", std.Scheme, std.Host, std.RequestURI(), u)
		}
		if std.User != nil || std.Fragment != "" {
			t.Fatalf("net/url reads a user or a fragment in %q", raw)
		}
	})
}

// FuzzAppendForm: net/url writes the same, and reads back what was meant.
func FuzzAppendForm(f *testing.F) {
	f.Add("socket_id", "1234.5678", "channel_name", "presence-a&b=c")
	f.Add("", "\x00 \r\n", "%", "~\xff")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		got := string(http1.AppendForm(http1.AppendForm(nil, k1, v1), k2, v2))
		want := url.QueryEscape(k1) + "=" + url.QueryEscape(v1) + "&" + url.QueryEscape(k2) + "=" + url.QueryEscape(v2)
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		values, err := url.ParseQuery(got)
		if err != nil || values[k1][0] != v1 || values[k2][len(values[k2])-1] != v2 {
			t.Fatalf("%q reads as %q, %v", got, values, err)
		}
	})
}
