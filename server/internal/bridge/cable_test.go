package bridge

import (
	"io"
	"sync"
	"testing"
)

// cable is a line in memory. The board's end stays; the computer's can be
// unplugged, and plugged in again.
type cable struct {
	mu     sync.Mutex
	moved  *sync.Cond
	up     []byte // to the computer
	down   []byte // to the board
	host   *plug
	noise  func([]byte) []byte
	closed bool
}

func newCable(t testing.TB) *cable {
	c := &cable{}
	c.moved = sync.NewCond(&c.mu)
	t.Cleanup(func() {
		c.mu.Lock()
		c.closed = true
		c.moved.Broadcast()
		c.mu.Unlock()
	})
	return c
}

// Read and Write are the board's.
func (c *cable) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.down) == 0 {
		if c.closed {
			return 0, io.EOF
		}
		c.moved.Wait()
	}
	n := copy(p, c.down)
	c.down = c.down[n:]
	return n, nil
}

func (c *cable) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.host != nil {
		c.up = append(c.up, c.change(p)...)
		c.moved.Broadcast()
	}
	return len(p), nil
}

func (c *cable) change(p []byte) []byte {
	if c.noise == nil {
		return p
	}
	return c.noise(append([]byte(nil), p...))
}

// plug is the computer's end.
type plug struct{ c *cable }

// plugIn returns the computer's end. There is one at a time.
func (c *cable) plugIn() *plug {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.host, c.up = &plug{c}, nil
	return c.host
}

func (p *plug) Read(b []byte) (int, error) {
	c := p.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.up) == 0 || c.host != p {
		if c.host != p || c.closed {
			return 0, io.EOF
		}
		c.moved.Wait()
	}
	n := copy(b, c.up)
	c.up = c.up[n:]
	return n, nil
}

func (p *plug) Write(b []byte) (int, error) {
	c := p.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.host != p {
		return 0, io.ErrClosedPipe
	}
	c.down = append(c.down, c.change(b)...)
	c.moved.Broadcast()
	return len(b), nil
}

func (p *plug) Close() error {
	c := p.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.host == p {
		c.host = nil
		c.moved.Broadcast()
	}
	return nil
}
