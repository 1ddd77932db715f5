package broker

import (
	"net"
	"sync"
)

// doorway is a listener that gives out what others have accepted, and have
// found to be for net/http.
type doorway struct {
	*watched
	stop func() // ends those who accept

	mu      sync.Mutex
	queue   []net.Conn
	ended   bool
	failure error         // why it has ended
	came    chan struct{} // has an element when there is news
}

func newDoorway(w *watched, stop func()) *doorway {
	return &doorway{watched: w, stop: stop, came: make(chan struct{}, 1)}
}

// hand gives a connection to net/http. It does not block.
func (d *doorway) hand(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		conn.Close()
		return
	}
	d.queue = append(d.queue, conn)
	d.news()
}

// end is for those who accept: there will be no more.
func (d *doorway) end(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended, d.failure = true, why
	d.news()
}

func (d *doorway) news() {
	select {
	case d.came <- struct{}{}:
	default:
	}
}

// Accept returns the next one that was handed over.
func (d *doorway) Accept() (net.Conn, error) {
	for {
		d.mu.Lock()
		if len(d.queue) > 0 {
			conn := d.queue[0]
			d.queue = d.queue[1:]
			d.mu.Unlock()
			return conn, nil
		}
		ended, failure := d.ended, d.failure
		d.mu.Unlock()
		if ended {
			return nil, failure
		}
		<-d.came
	}
}

// Close closes the listener. Accept then returns what was handed over, and
// after that an error, once nobody accepts any more.
func (d *doorway) Close() error {
	err := d.watched.Close()
	d.stop()
	return err
}

// begun is a connection of which something has been read already. Only one
// goroutine reads.
type begun struct {
	net.Conn
	early []byte
}

func (c *begun) Read(b []byte) (int, error) {
	if len(c.early) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n, nil
}

// CloseWrite is there for those who look for it.
func (c *begun) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }
