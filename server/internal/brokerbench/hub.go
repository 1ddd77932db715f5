package main

import (
	"flag"
	"io"
	"net/http"
	"sync"

	gorilla "github.com/gorilla/websocket"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/figures"
)

// hubRole is the broker that one writes first: two goroutines and a channel for
// each connection, and no protocol beyond what the clients need.
func hubRole(args []string) error {
	flags := flag.NewFlagSet("hub", flag.ExitOnError)
	address := flags.String("address", "", "to listen on")
	_ = flags.Parse(args)
	go figures.ExitWithParent()
	h := &hub{members: make(map[*member]struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/app/"+appKey, h.connect)
	mux.HandleFunc("/publish", func(_ http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h.publish(wire.AppendStringEvent(nil, eventName, room, "", data))
	})
	return http.ListenAndServe(*address, mux)
}

type hub struct {
	mu      sync.Mutex
	members map[*member]struct{}
}

type member struct {
	conn  *gorilla.Conn
	queue chan *gorilla.PreparedMessage
}

func (h *hub) publish(text []byte) {
	prepared, err := gorilla.NewPreparedMessage(gorilla.TextMessage, text)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.members {
		select {
		case m.queue <- prepared:
		default: // too slow
			delete(h.members, m)
			close(m.queue)
		}
	}
}

func (h *hub) connect(w http.ResponseWriter, r *http.Request) {
	upgrader := gorilla.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	m := &member{conn, make(chan *gorilla.PreparedMessage, 256)}
	if conn.WriteMessage(gorilla.TextMessage, wire.AppendEstablished(nil, "1.1", 120)) != nil {
		conn.Close()
		return
	}
	go m.write()
	m.read(h)
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.members[m]; ok {
		delete(h.members, m)
		close(m.queue)
	}
}

// read waits for the subscription, and then for the end.
func (m *member) read(h *hub) {
	defer m.conn.Close()
	for {
		if _, _, err := m.conn.ReadMessage(); err != nil {
			return
		}
		confirmed, err := gorilla.NewPreparedMessage(gorilla.TextMessage, wire.AppendStringEvent(nil, "pusher_internal:subscription_succeeded", room, "", "{}"))
		if err != nil {
			return
		}
		h.mu.Lock()
		m.queue <- confirmed
		h.members[m] = struct{}{}
		h.mu.Unlock()
	}
}

func (m *member) write() {
	for prepared := range m.queue {
		if m.conn.WritePreparedMessage(prepared) != nil {
			m.conn.Close()
			return
		}
	}
	m.conn.Close()
}
