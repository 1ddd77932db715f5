package serialnet

import (
	"io"
	"sync"
)

// StreamPort makes a Port of a stream that blocks, on ordinary Go: a goroutine
// reads from it. Like the buffer of a UART, its buffer loses what it has no
// room for.
type StreamPort struct {
	stream io.ReadWriter
	done   chan struct{}

	mu  sync.Mutex
	buf []byte
	max int
}

// NewPort returns a Port that buffers up to size bytes. Whoever closes the
// stream ends it; Done tells when.
func NewPort(stream io.ReadWriter, size int) *StreamPort {
	p := &StreamPort{stream: stream, done: make(chan struct{}), max: size}
	go p.run()
	return p
}

func (p *StreamPort) run() {
	defer close(p.done)
	in := make([]byte, 512)
	for {
		n, err := p.stream.Read(in)
		p.mu.Lock()
		p.buf = append(p.buf, in[:min(n, p.max-len(p.buf))]...)
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Done is closed when the stream has ended.
func (p *StreamPort) Done() <-chan struct{} { return p.done }

// Buffered returns how many bytes can be read at once.
func (p *StreamPort) Buffered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.buf)
}

// ReadByte returns the next byte, or io.EOF when there is none just now.
func (p *StreamPort) ReadByte() (byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.buf) == 0 {
		return 0, io.EOF
	}
	b := p.buf[0]
	p.buf = p.buf[1:]
	return b, nil
}

// Write writes to the stream.
func (p *StreamPort) Write(b []byte) (int, error) { return p.stream.Write(b) }
