package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
)

// printer writes lines: for people, or with --json for programs. A line that
// cannot be written is an error that ends the command.
type printer struct {
	out  io.Writer
	json bool

	mu  sync.Mutex
	err error
}

// line is one event, as --json writes it.
type line struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Channel string    `json:"channel,omitempty"`
	Data    any       `json:"data,omitempty"`
	UserID  string    `json:"user_id,omitempty"`
	Error   string    `json:"error,omitempty"`
}

// print writes a line; text is how people read it.
func (p *printer) print(l line, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	l.Time = time.Now()
	if !p.json {
		_, p.err = fmt.Fprintf(p.out, "%s  %s\n", l.Time.Format("15:04:05.000"), text)
		return
	}
	b, err := json.Marshal(l)
	if err != nil {
		p.err = err
		return
	}
	_, p.err = p.out.Write(append(b, '\n'))
}

// failed returns why writing failed, nil if it did not.
func (p *printer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("cannot write the output: %w", p.err)
}

// clean makes text from a peer safe for a terminal: control characters could
// move the cursor or hide what is there.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '�'
		}
		return r
	}, s)
}

// message is an error's text as it is printed behind "thimble: ", without the
// name of the package that it comes from.
func message(err error) string {
	text := strings.TrimPrefix(err.Error(), "thimble: ")
	return clean(strings.TrimPrefix(text, "apiclient: "))
}
