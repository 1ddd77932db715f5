package broker

import (
	"net"
	"strconv"
	"testing"
	"time"
)

// shownOutlet is a connection that has nothing to send, and one socket for all.
type shownOutlet struct {
	void
	line  *line
	asked *int // how often remote was called
}

func (s shownOutlet) queued() int    { return 0 }
func (s shownOutlet) cut()           {}
func (s shownOutlet) remote() string { *s.asked++; return s.line.remote() }

// crowded is a console's view of many connections, each on one channel with all
// others and on one of its own.
func crowded(tb testing.TB, n int) *view {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	fd, err := descriptor(conn.(*net.TCPConn))
	if err != nil {
		tb.Fatal(err)
	}
	out := shownOutlet{line: &line{fd: fd}, asked: new(int)}
	app := testApp(tb)
	for i := range n {
		c := &connection{client: *app.stranger(i, out), opened: time.Duration(i) * time.Second}
		if c.place, err = app.broker.reserve(app, "", nil); err != nil {
			tb.Fatal(err)
		}
		app.broker.enter(c)
		c.client.enter("room")
		c.client.enter("own-" + strconv.Itoa(i))
	}
	return &view{broker: app.broker}
}

// TestConsoleConnections lists and searches: the newest come first, no more than
// are shown are looked at closely, and where somebody comes from is asked once
// while a search goes on.
func TestConsoleConnections(t *testing.T) {
	t.Parallel()
	const n, rows = 1000, 20
	v := crowded(t, n)
	app := v.broker.connections[0].client.app
	asked := v.broker.connections[0].client.out.(shownOutlet).asked
	look := func(part string, want, calls int, socket string) {
		t.Helper()
		*asked = 0
		list, total := v.Connections(app.id, part, rows)
		if total != want || len(list) != min(want, rows) || list[0].SocketID != socket {
			t.Errorf("%q: %d of %d, %+v", part, len(list), total, list[:min(len(list), 1)])
		}
		for i := range list[1:] {
			if list[i].Seconds > list[i+1].Seconds {
				t.Errorf("%q: %d s before %d s", part, list[i].Seconds, list[i+1].Seconds)
			}
		}
		if c := list[0]; c.Total != 2 || len(c.Channels) != 2 || c.Channels[1] != "room" {
			t.Errorf("%q: %+v", part, c)
		}
		if *asked != calls {
			t.Errorf("%q: %d connections were asked where they come from, want %d", part, *asked, calls)
		}
	}
	v.detach = func() {}
	look("", n, rows, "1.999")
	look("127.0.0.1", n, n+rows, "1.999") // those that are shown once more
	look("127.0.0.1", n, rows, "1.999")
	last := v.broker.connections[n-1]
	last.client.gone()
	v.broker.leave(last)
	first := v.broker.connections[0] // which leaves the last in its place
	first.client.gone()
	v.broker.leave(first)
	look("127.0.0.1", n-2, rows, "1.998")
	look("1.77", 11, 11, "1.779")
	v.Observe(false) // the last page has gone
	look("127.0.0.1", n-2, n-2+rows, "1.998")
}

// BenchmarkConsoleConnections is what the list of connections costs each time
// that a console asks for it, every two seconds for each page that shows it.
func BenchmarkConsoleConnections(b *testing.B) {
	const n, rows = 15_000, 200
	v := crowded(b, n)
	app := v.broker.connections[0].client.app.id
	for name, part := range map[string]string{"all": "", "by=address": "127.0.0.1", "by=socket": "1.7777"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if list, total := v.Connections(app, part, rows); len(list) == 0 || total == 0 {
					b.Fatal("nothing is there")
				}
			}
		})
	}
}
