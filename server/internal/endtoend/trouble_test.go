package endtoend_test

import (
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

// trouble is one thing that a bad client does, on a connection of its own.
func (s *soak) trouble(random *rand.Rand) {
	if random.IntN(8) == 0 {
		s.visit(random)
		return
	}
	conn, err := net.Dial("tcp", s.v.address)
	if err != nil {
		s.t.Error(err)
		return
	}
	m := &maker{conn: conn.(*net.TCPConn), random: random}
	troubles := []func(){
		m.garbage, m.halfRequest, m.slowRequest, m.strayFrames, m.stall, m.huge,
		m.notUTF8, m.noMask, m.hurry, m.comeAndGo, m.bodyThatNeverComes,
	}
	troubles[random.IntN(len(troubles))]()
	if random.IntN(2) == 0 {
		reset(m.conn)
		return
	}
	m.conn.Close()
}

// maker makes trouble. What becomes of its connection is of no interest.
type maker struct {
	conn   *net.TCPConn
	random *rand.Rand
}

var soakMask = &[4]byte{1, 2, 3, 4}

// stay is how long it looks on without doing anything, at most.
func (m *maker) stay(most time.Duration) {
	time.Sleep(time.Duration(m.random.Int64N(int64(most))))
}

func (m *maker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.random.Uint32())
	}
	return b
}

func (m *maker) request() []byte {
	b, err := websocket.AppendRequest(nil, "127.0.0.1", "/app/"+key+"?protocol=7&client=soak&version=1.0.0", "dGhlIHNhbXBsZSBub25jZQ==")
	if err != nil {
		panic(err)
	}
	return b
}

func (m *maker) send(texts ...string) {
	b := m.request()
	for _, text := range texts {
		b = websocket.AppendFrame(b, websocket.Text, text, soakMask)
	}
	m.conn.Write(b)
}

// drain reads for a moment, or until the broker hangs up.
func (m *maker) drain() {
	m.conn.SetReadDeadline(time.Now().Add(time.Duration(m.random.Int64N(int64(50 * time.Millisecond)))))
	io.Copy(io.Discard, m.conn)
}

func (m *maker) garbage() {
	m.conn.Write(m.bytes(1 + m.random.IntN(4096)))
	m.drain()
}

func (m *maker) halfRequest() {
	b := m.request()
	m.conn.Write(b[:m.random.IntN(len(b))])
	m.stay(50 * time.Millisecond)
}

func (m *maker) slowRequest() {
	b := m.request()
	for i := range b {
		if _, err := m.conn.Write(b[i : i+1]); err != nil {
			return
		}
	}
	m.drain()
}

func (m *maker) strayFrames() {
	m.send()
	m.conn.Write(m.bytes(1 + m.random.IntN(512)))
	m.drain()
}

const floodSubscription = `{"event":"pusher:subscribe","data":{"channel":"flood"}}`

// stall takes part in the channel with the largest events and reads nothing.
func (m *maker) stall() {
	m.conn.SetReadBuffer(4 << 10)
	m.send(floodSubscription)
	m.stay(1500 * time.Millisecond)
}

func (m *maker) huge() {
	m.send()
	m.conn.Write([]byte{0x81, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}) // promises 4 GiB
	m.conn.Write(m.bytes(1024))
	m.drain()
}

func (m *maker) notUTF8() {
	m.send("{\"event\":\"client-x\",\"channel\":\"private-soak\",\"data\":\"\xff\xfe\"}")
	m.drain()
}

func (m *maker) noMask() {
	m.conn.Write(websocket.AppendFrame(m.request(), websocket.Text, `{"event":"pusher:ping","data":{}}`, nil))
	m.drain()
}

// hurry subscribes and unsubscribes as fast as it can.
func (m *maker) hurry() {
	var texts []string
	for range m.random.IntN(64) {
		texts = append(texts, floodSubscription, `{"event":"pusher:unsubscribe","data":{"channel":"flood"}}`)
	}
	m.send(texts...)
	m.drain()
}

func (m *maker) comeAndGo() {
	m.send(`{"event":"pusher:subscribe","data":{"channel":"soak-public"}}`,
		`{"event":"pusher:subscribe","data":{"channel":"private-soak","auth":"app-key:00"}}`,
		`{"event":"client-x","channel":"soak-public","data":{}}`, `{`, `[]`, `null`,
		`{"event":"`+strings.Repeat("x", 300)+`"}`)
	m.drain()
}

func (m *maker) bodyThatNeverComes() {
	io.WriteString(m.conn, "POST /apps/"+appID+"/events?auth_key="+key+" HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n{")
	m.stay(50 * time.Millisecond)
}
