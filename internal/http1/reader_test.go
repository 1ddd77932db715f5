package http1_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/http1"
)

const (
	ok      = "HTTP/1.1 200 OK\r\n"
	chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
)

// feed gives in to r in pieces of at most size bytes, until it takes no more,
// and returns how much it took.
func feed(r *http1.Reader, in string, size int) (taken int, err error) {
	for taken < len(in) && !r.Done() {
		piece := in[taken:min(taken+size, len(in))]
		n, err := r.Feed([]byte(piece))
		taken += n
		if err != nil {
			return taken, err
		}
		if n < len(piece) {
			break
		}
	}
	return taken, nil
}

var sizes = []int{1 << 20, 1, 2, 3, 7, 64}

func TestReader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		rest     string // what follows the response and must not be taken
		status   int
		body     string
		keep     bool
		end      bool // complete only by the end of the connection
	}{
		{name: "length", in: ok + "Content-Length: 5\r\n\r\nhello", rest: "HTTP/1.1 500", status: 200, body: "hello", keep: true},
		{name: "length 0", in: ok + "Content-Length: 0\r\n\r\n", rest: "x", status: 200, keep: true},
		{name: "length with leading zeros", in: ok + "content-LENGTH:\t0002 \r\n\r\nhi", rest: "x", status: 200, body: "hi", keep: true},
		{name: "error status", in: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", rest: "x", status: 403, body: "no", keep: true},
		{name: "body with line breaks", in: ok + "Content-Length: 6\r\n\r\n\r\n\r\n\x00\n", rest: "\n", status: 200, body: "\r\n\r\n\x00\n", keep: true},
		{name: "until the end", in: ok + "\r\nhello", status: 200, body: "hello", end: true},
		{name: "until the end, empty", in: ok + "\r\n", status: 200, end: true},
		{name: "until the end in spite of keep-alive", in: ok + "Connection: keep-alive\r\n\r\nx", status: 200, body: "x", end: true},
		{name: "chunks", in: chunked + "5\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0\r\n\r\n", rest: "0\r\n\r\n", status: 200, body: "hello world", keep: true},
		{name: "no chunks", in: chunked + "0\r\n\r\n", rest: "x", status: 200, keep: true},
		{name: "chunk size in capitals", in: chunked + "A\r\n0123456789\r\n000\r\n\r\n", rest: "x", status: 200, body: "0123456789", keep: true},
		{name: "chunk extensions", in: chunked + "2;a;b=c; d = \"e;\\\"\"\r\nhi\r\n0;x\r\n\r\n", rest: "x", status: 200, body: "hi", keep: true},
		{name: "trailers", in: chunked + "2\r\nhi\r\n0\r\nA: b\r\nContent-Length: 7\r\nC:\r\n\r\n", rest: "x", status: 200, body: "hi", keep: true},
		{name: "coding in capitals", in: ok + "transfer-encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n", rest: "x", status: 200, body: "x", keep: true},
		{name: "close", in: ok + "Connection: Close\r\nContent-Length: 1\r\n\r\nx", rest: "x", status: 200, body: "x"},
		{name: "close in a list", in: ok + "Connection: a,close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", rest: "x", status: 200},
		{name: "HTTP/1.0", in: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", rest: "x", status: 200, body: "x"},
		{name: "HTTP/1.0 with keep-alive", in: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", rest: "x", status: 200, body: "x", keep: true},
		{name: "no content", in: "HTTP/1.1 204 No Content\r\n\r\n", rest: "x", status: 204},
		{name: "no content with length 0", in: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", rest: "x", status: 204, keep: true},
		{name: "no content that promises some", in: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", rest: "hello", status: 204},
		{name: "not modified", in: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", rest: "0\r\n\r\n", status: 304},
		{name: "interim responses", in: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nx", rest: "x", status: 200, body: "x", keep: true},
		{name: "upgrade", in: upgrade, rest: "\x81\x05hello", status: 101},
		{name: "upgrade after an interim response", in: "HTTP/1.1 102 \r\n\r\n" + upgrade, rest: "\x81", status: 101},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r http1.Reader
			for _, size := range sizes {
				r.Reset()
				n, err := feed(&r, tt.in+tt.rest, size)
				if err != nil || n != len(tt.in) {
					t.Fatalf("pieces of %d: took %d, %v, want %d", size, n, err, len(tt.in))
				}
				if r.Done() == tt.end {
					t.Errorf("pieces of %d: Done = %v before the end", size, r.Done())
				}
				if err := r.End(); err != nil || !r.Done() {
					t.Errorf("pieces of %d: End = %v, Done = %v", size, err, r.Done())
				}
				if n, err := r.Feed([]byte("more")); n != 0 || err != nil {
					t.Errorf("pieces of %d: Feed after Done = %d, %v", size, n, err)
				}
				if r.Status() != tt.status || string(r.Body()) != tt.body || r.KeepAlive() != tt.keep {
					t.Errorf("pieces of %d: got %d %q keep %v", size, r.Status(), r.Body(), r.KeepAlive())
				}
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", http1.MaxSkipped)
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"another protocol", "SSH-2.0-x\r\n", http1.ErrStatusLine},
		{"another version, before its line ends", "HTTP/2", http1.ErrStatusLine},
		{"bare LF", ok + "A: b\n", http1.ErrLineEnding},
		{"field with NUL", ok + "A: \x00\r\n", http1.ErrFieldLine},
		{"endless field", ok + "A: " + strings.Repeat("x", http1.MaxHead), http1.ErrHeadTooLarge},
		{"endless fields", ok + strings.Repeat("A:\r\n", http1.MaxFields+1), http1.ErrTooManyFields},
		{"endless interim responses", strings.Repeat("HTTP/1.1 100 \r\n\r\n", http1.MaxInterim+1), http1.ErrTooManyInterim},
		{"conflicting lengths", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", http1.ErrLength},
		{"length repeated", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", http1.ErrLength},
		{"list of lengths", ok + "Content-Length: 1, 1\r\n\r\n", http1.ErrLength},
		{"negative length", ok + "Content-Length: -1\r\n\r\n", http1.ErrLength},
		{"length with sign", ok + "Content-Length: +1\r\n\r\n", http1.ErrLength},
		{"length in hexadecimal", ok + "Content-Length: 0x1\r\n\r\n", http1.ErrLength},
		{"empty length", ok + "Content-Length:\r\n\r\n", http1.ErrLength},
		{"length and chunked", ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrLength},
		{"length and chunked in an interim response", "HTTP/1.1 100 \r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrLength},
		{"length over 64 bits", ok + "Content-Length: 18446744073709551617\r\n\r\n", http1.ErrBodyTooLarge},
		{"length over the limit", ok + "Content-Length: 65537\r\n\r\n", http1.ErrBodyTooLarge},
		{"long garbage as length", ok + "Content-Length: 99999999999999999999x\r\n\r\n", http1.ErrLength},
		{"gzip", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", http1.ErrTransferCoding},
		{"identity", ok + "Transfer-Encoding: identity\r\n\r\n", http1.ErrTransferCoding},
		{"chunked twice", ok + "Transfer-Encoding: chunked, chunked\r\n\r\n", http1.ErrTransferCoding},
		{"chunked on two lines", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrTransferCoding},
		{"empty coding", ok + "Transfer-Encoding:\r\n\r\n", http1.ErrTransferCoding},
		{"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrTransferCoding},
		{"body over the limit until the end", ok + "\r\n" + strings.Repeat("x", http1.DefaultMaxBody+1), http1.ErrBodyTooLarge},
		{"chunk over the limit", chunked + "10001\r\n", http1.ErrBodyTooLarge},
		{"chunks over the limit", chunked + "1\r\nx\r\n10000\r\n", http1.ErrBodyTooLarge},
		{"chunk size over 64 bits", chunked + "ffffffffffffffffff\r\n", http1.ErrBodyTooLarge},
		{"chunk size of many zeros", chunked + strings.Repeat("0", 17), http1.ErrChunk},
		{"empty chunk size", chunked + "\r\n", http1.ErrChunk},
		{"extension without size", chunked + ";a\r\n", http1.ErrChunk},
		{"negative chunk size", chunked + "-1\r\n", http1.ErrChunk},
		{"chunk size with prefix", chunked + "0x1\r\n", http1.ErrChunk},
		{"blank before the chunk size", chunked + " 1\r\n", http1.ErrChunk},
		{"blank after the chunk size", chunked + "1 \r\n", http1.ErrChunk},
		{"chunk size ends in LF", chunked + "1\n", http1.ErrChunk},
		{"chunk size ends in CR", chunked + "1\rx", http1.ErrChunk},
		{"extension ends in LF", chunked + "1;a\n", http1.ErrChunk},
		{"CR in an extension", chunked + "1;a\rb", http1.ErrChunk},
		{"chunk longer than its size", chunked + "1\r\nxy", http1.ErrChunk},
		{"chunk data ends in LF", chunked + "1\r\nx\n", http1.ErrChunk},
		{"chunk data ends in CR", chunked + "1\r\nx\r1", http1.ErrChunk},
		{"trailer without colon", chunked + "0\r\nab\r\n", http1.ErrChunk},
		{"trailer without name", chunked + "0\r\n: b\r\n", http1.ErrChunk},
		{"folded trailer", chunked + "0\r\nA: b\r\n c\r\n", http1.ErrChunk},
		{"NUL in a trailer", chunked + "0\r\nA: \x00\r\n", http1.ErrChunk},
		{"trailer ends in LF", chunked + "0\r\nA: b\n", http1.ErrChunk},
		{"CR in a trailer", chunked + "0\r\nA: b\rC", http1.ErrChunk},
		{"last line ends in CR", chunked + "0\r\n\rx", http1.ErrChunk},
		{"endless extension", chunked + "1;" + long, http1.ErrTooMuchSkipped},
		{"endless trailer", chunked + "0\r\nA:" + long, http1.ErrTooMuchSkipped},
		{"extensions that add up", chunked + strings.Repeat("1;aaaaaaa\r\nx\r\n", http1.MaxSkipped/8+1), http1.ErrTooMuchSkipped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, size := range sizes {
				var r http1.Reader
				_, err := feed(&r, tt.in, size)
				if err != tt.want {
					t.Fatalf("pieces of %d: got %v, want %v", size, err, tt.want)
				}
				if _, err := r.Feed([]byte(ok)); err != tt.want {
					t.Errorf("pieces of %d: the error is not final: %v", size, err)
				}
				if err := r.End(); err != tt.want {
					t.Errorf("pieces of %d: End = %v", size, err)
				}
				if r.Done() || r.KeepAlive() {
					t.Errorf("pieces of %d: Done = %v, KeepAlive = %v", size, r.Done(), r.KeepAlive())
				}
			}
		})
	}
}

func TestReaderEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		early    error // if the connection ends before the first byte
	}{
		{"length", ok + "Content-Length: 5\r\n\r\nhello", http1.ErrNoResponse},
		{"chunked", chunked + "5;a\r\nhello\r\n0\r\nA: b\r\n\r\n", http1.ErrNoResponse},
		{"after an interim response", "HTTP/1.1 100 \r\n\r\n" + ok + "Content-Length: 0\r\n\r\n", http1.ErrNoResponse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for i := range tt.in {
				want := http1.ErrUnexpectedEnd
				if i == 0 {
					want = tt.early
				}
				var r http1.Reader
				if n, err := r.Feed([]byte(tt.in[:i])); n != i || err != nil {
					t.Fatalf("after %d bytes: %d, %v", i, n, err)
				}
				if r.Done() || r.KeepAlive() {
					t.Errorf("after %d bytes: Done = %v, KeepAlive = %v", i, r.Done(), r.KeepAlive())
				}
				if err := r.End(); err != want {
					t.Errorf("after %d bytes: End = %v, want %v", i, err, want)
				}
			}
		})
	}
}

func TestReaderMaxBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		max   int
		frame func(body string) string
	}{
		{"length", 100, func(b string) string { return ok + "Content-Length: " + strconv.Itoa(len(b)) + "\r\n\r\n" + b }},
		{"until the end", 100, func(b string) string { return ok + "\r\n" + b }},
		{"one chunk", 100, func(b string) string {
			return chunked + strconv.FormatInt(int64(len(b)), 16) + "\r\n" + b + "\r\n0\r\n\r\n"
		}},
		{"chunks of one byte", 100, func(b string) string { return chunked + strings.Repeat("1\r\nx\r\n", len(b)) + "0\r\n\r\n" }},
		{"one byte", 1, func(b string) string { return ok + "Content-Length: " + strconv.Itoa(len(b)) + "\r\n\r\n" + b }},
		{"one byte in chunks", 1, func(b string) string { return chunked + strings.Repeat("1\r\nx\r\n", len(b)) + "0\r\n\r\n" }},
		{"largest number", int(^uint(0) >> 1), func(string) string { return ok + "Content-Length: 1\r\n\r\nx" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := strings.Repeat("x", min(tt.max, 100))
			r := http1.Reader{MaxBody: tt.max}
			if _, err := feed(&r, tt.frame(body), 10); err != nil {
				t.Fatalf("at the limit: %v", err)
			}
			if err := r.End(); err != nil {
				t.Fatalf("at the limit: End = %v", err)
			}
			if tt.max > 100 {
				return
			}
			r.Reset()
			if _, err := feed(&r, tt.frame(body+"x"), 10); err != http1.ErrBodyTooLarge {
				t.Errorf("over the limit: %v", err)
			}
			if len(r.Body()) > tt.max {
				t.Errorf("body has %d bytes", len(r.Body()))
			}
		})
	}
}

func TestReaderRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{
		"": 0, "0": 0, "7": 7, " 120\t": 120, "-1": 0, "1.5": 0, "7 s": 0,
		"Fri, 31 Dec 1999 23:59:59 GMT": 0,
		strings.Repeat("9", 40):         1 << 30,
	} {
		var r http1.Reader
		if _, err := feed(&r, "HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: "+value+"\r\n\r\n", 3); err != nil {
			t.Fatal(err)
		}
		if got := r.RetryAfter(); got != want {
			t.Errorf("%q: %d", value, got)
		}
		if r.Reset(); r.RetryAfter() != 0 {
			t.Error("kept over Reset")
		}
	}
}

// TestReaderTooLargeStatus checks that an error page beyond the limit still
// says which error it is.
func TestReaderTooLargeStatus(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\n",
		"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n",
		"HTTP/1.1 403 No\r\n\r\n" + strings.Repeat("x", 100),
	} {
		r := http1.Reader{MaxBody: 99}
		if _, err := feed(&r, in, 1<<20); err != http1.ErrBodyTooLarge || r.Status() != 403 || len(r.Body()) > 99 || r.KeepAlive() {
			t.Errorf("%q: %v, %d, %d bytes, %v", in, err, r.Status(), len(r.Body()), r.KeepAlive())
		}
	}
}

// A device reads one response after the other with the same Reader: once its
// buffer has grown, that must not take memory. (Not parallel: it counts.)
func TestReaderAllocations(t *testing.T) {
	in := []byte("HTTP/1.1 100 \r\n\r\n" + chunked + "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nA: b\r\n\r\n")
	var r http1.Reader
	got := testing.AllocsPerRun(100, func() {
		r.Reset()
		for i := range in {
			if _, err := r.Feed(in[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	if got != 0 || string(r.Body()) != "hello world" {
		t.Errorf("%v allocations, body %q", got, r.Body())
	}
}

// The buffer never grows beyond the limit, not even as reserve, since a device
// may not have the memory. (Body shows its capacity.)
func TestReaderBufferBound(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4*http1.MaxHead)
	for _, tt := range []struct {
		name  string
		max   int
		first string // fed alone, to make the reader keep it
		rest  string
		size  int
		bound int
	}{
		{"body byte by byte", 1000, "", ok + "\r\n" + long[:1000], 1, 1000},
		{"chunks byte by byte", 1000, "", chunked + strings.Repeat("1\r\nx\r\n", 1000) + "0\r\n\r\n", 1, 1000},
		{"much behind a head in pieces", 0, "HTTP/", "1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + long, len(long) * 2, http1.MaxHead},
		{"head byte by byte", 0, "", ok + "A: " + long[:http1.MaxHead-100] + "\r\nContent-Length: 0\r\n\r\n", 1, http1.MaxHead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := http1.Reader{MaxBody: tt.max}
			for _, in := range []string{tt.first, tt.rest} {
				if _, err := feed(&r, in, tt.size); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.End(); err != nil {
				t.Fatal(err)
			}
			if c := cap(r.Body()); c > tt.bound {
				t.Errorf("capacity %d, want at most %d", c, tt.bound)
			}
		})
	}
}
