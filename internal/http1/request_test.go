package http1_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/http1"
)

func TestAppendRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		req  http1.Request
		want string
	}{
		{
			"upgrade",
			http1.Request{Method: "GET", Host: "ws-eu.pusher.com", Target: "/app/key?protocol=7", Fields: []http1.Field{
				{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "websocket"},
			}},
			"GET /app/key?protocol=7 HTTP/1.1\r\nHost: ws-eu.pusher.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
		{
			"body",
			http1.Request{Method: "POST", Host: "[::1]:8080", Target: "/", Body: []byte("a=b\r\n"), Close: true},
			"POST / HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 5\r\nConnection: close\r\n\r\na=b\r\n",
		},
		{
			"POST without body",
			http1.Request{Method: "POST", Host: "h", Target: "/"},
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		},
		{
			"empty body that is not nil",
			http1.Request{Method: "PUT", Host: "h", Target: "/", Body: []byte{}},
			"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		},
		{
			"empty value and UTF-8",
			http1.Request{Method: "GET", Host: "h", Target: "/%C3%A9", Fields: []http1.Field{{Name: "A"}, {Name: "B", Value: "\u00e9\t!"}}},
			"GET /%C3%A9 HTTP/1.1\r\nHost: h\r\nA: \r\nB: \u00e9\t!\r\n\r\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := http1.AppendRequest([]byte("before"), &tt.req)
			if err != nil || string(got) != "before"+tt.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestAppendRequestRefuses(t *testing.T) {
	t.Parallel()
	type parts struct{ method, host, target, field, value string }
	fine := parts{"POST", "example.com:80", "/auth", "Authorization", "Bearer x"}
	for _, tt := range []struct {
		name string
		edit func(*parts)
		want error
	}{
		{"nothing", func(*parts) {}, nil},
		{"no method", func(p *parts) { p.method = "" }, http1.ErrMethod},
		{"space in the method", func(p *parts) { p.method = "GET /x" }, http1.ErrMethod},
		{"line break in the method", func(p *parts) { p.method = "GET\r\n" }, http1.ErrMethod},
		{"HEAD, whose response Reader cannot read", func(p *parts) { p.method = "HEAD" }, http1.ErrMethod},
		{"CONNECT", func(p *parts) { p.method = "CONNECT" }, http1.ErrMethod},
		{"no host", func(p *parts) { p.host = "" }, http1.ErrHost},
		{"line break in the host", func(p *parts) { p.host = "a\r\nX: y" }, http1.ErrHost},
		{"line break in the port", func(p *parts) { p.host = "a:1\n" }, http1.ErrPort},
		{"space in the host", func(p *parts) { p.host = "a b" }, http1.ErrHost},
		{"no target", func(p *parts) { p.target = "" }, http1.ErrTarget},
		{"relative target", func(p *parts) { p.target = "auth" }, http1.ErrTarget},
		{"absolute target", func(p *parts) { p.target = "http://h/" }, http1.ErrTarget},
		{"space in the target", func(p *parts) { p.target = "/ HTTP/1.1" }, http1.ErrTarget},
		{"CR in the target", func(p *parts) { p.target = "/\r" }, http1.ErrTarget},
		{"LF in the target", func(p *parts) { p.target = "/\n" }, http1.ErrTarget},
		{"NUL in the target", func(p *parts) { p.target = "/\x00" }, http1.ErrTarget},
		{"tab in the target", func(p *parts) { p.target = "/\t" }, http1.ErrTarget},
		{"fragment in the target", func(p *parts) { p.target = "/#a" }, http1.ErrTarget},
		{"target not ASCII", func(p *parts) { p.target = "/\u00e9" }, http1.ErrTarget},
		{"half an escape", func(p *parts) { p.target = "/%2" }, http1.ErrTarget},
		{"escape of no digits", func(p *parts) { p.target = "/%zz" }, http1.ErrTarget},
		{"no name", func(p *parts) { p.field = "" }, http1.ErrField},
		{"colon in the name", func(p *parts) { p.field = "A:" }, http1.ErrField},
		{"space in the name", func(p *parts) { p.field = "A " }, http1.ErrField},
		{"line break in the name", func(p *parts) { p.field = "A\r\nB" }, http1.ErrField},
		{"name not ASCII", func(p *parts) { p.field = "\u00e9" }, http1.ErrField},
		{"injected field", func(p *parts) { p.value = "x\r\nX-Admin: 1" }, http1.ErrField},
		{"CR in the value", func(p *parts) { p.value = "x\r" }, http1.ErrField},
		{"LF in the value", func(p *parts) { p.value = "\nx" }, http1.ErrField},
		{"NUL in the value", func(p *parts) { p.value = "\x00" }, http1.ErrField},
		{"second Host", func(p *parts) { p.field = "hOST" }, http1.ErrField},
		{"second Content-Length", func(p *parts) { p.field = "content-length" }, http1.ErrField},
		{"Transfer-Encoding", func(p *parts) { p.field = "Transfer-encoding" }, http1.ErrField},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := fine
			tt.edit(&p)
			got, err := http1.AppendRequest([]byte("before"), &http1.Request{
				Method: p.method, Host: p.host, Target: p.target,
				Fields: []http1.Field{{Name: "A", Value: "b"}, {Name: p.field, Value: p.value}},
			})
			if err != tt.want {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && string(got) != "before" {
				t.Errorf("half a request was written: %q", got)
			}
		})
	}
}

// Whatever comes from outside as a value, the request has as many lines as
// without it.
func TestAppendRequestEveryByte(t *testing.T) {
	t.Parallel()
	for c := 0; c < 256; c++ {
		s := string([]byte{'x', byte(c), 'y'})
		for name, r := range map[string]http1.Request{
			"value":  {Method: "GET", Host: "h", Target: "/", Fields: []http1.Field{{Name: "A", Value: s}}},
			"name":   {Method: "GET", Host: "h", Target: "/", Fields: []http1.Field{{Name: s, Value: "v"}}},
			"target": {Method: "GET", Host: "h", Target: "/" + s, Fields: []http1.Field{{Name: "A", Value: "v"}}},
			"host":   {Method: "GET", Host: s, Target: "/", Fields: []http1.Field{{Name: "A", Value: "v"}}},
			"method": {Method: s, Host: "h", Target: "/", Fields: []http1.Field{{Name: "A", Value: "v"}}},
		} {
			got, err := http1.AppendRequest(nil, &r)
			if err != nil {
				continue
			}
			text := string(got)
			if strings.Count(text, "\r\n") != 4 || strings.Count(text, "\n") != 4 || strings.Count(text, "\r") != 4 {
				t.Errorf("%s with byte %#02x: %q", name, c, text)
			}
			if line, _, _ := strings.Cut(text, "\r\n"); strings.Count(line, " ") != 2 {
				t.Errorf("%s with byte %#02x: request line %q", name, c, line)
			}
		}
	}
}
