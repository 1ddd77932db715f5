package publish

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Source has texts to publish.
type Source interface {
	// Next returns the texts that are there now, at least one and at most most,
	// and waits for the first. io.EOF says that there are no more.
	Next(ctx context.Context, most int) ([]string, error)
}

// Repeated returns a source of one text, count times over, which compose makes of
// its number, from 1 on.
func Repeated(count int, compose func(n int) (string, error)) Source {
	return &repeated{count: count, compose: compose}
}

type repeated struct {
	n, count int
	compose  func(n int) (string, error)
}

func (r *repeated) Next(_ context.Context, most int) (texts []string, err error) {
	for len(texts) < most && r.n < r.count {
		text, err := r.compose(r.n + 1)
		if err != nil {
			return texts, err
		}
		r.n++
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return nil, io.EOF
	}
	return texts, nil
}

// Lines returns a source of the lines of in that are not blank, which compose
// makes texts of. Lines that come together are published together. in is read
// by a goroutine that ends with it, or when ctx does and something comes.
func Lines(ctx context.Context, in io.Reader, compose func(n int, line string) (string, error)) Source {
	l := &lines{groups: newGroups(), compose: compose}
	go l.groups.read(ctx, in)
	return l
}

type lines struct {
	groups  *groups
	rest    []string
	n       int
	compose func(n int, line string) (string, error)
}

func (l *lines) Next(ctx context.Context, most int) (texts []string, err error) {
	if len(l.rest) == 0 {
		select {
		case group, ok := <-l.groups.lines:
			if !ok {
				return nil, l.groups.err
			}
			l.rest = group
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for len(texts) < most && len(l.rest) > 0 {
		text, err := l.compose(l.n+1, l.rest[0])
		if err != nil {
			return texts, err
		}
		l.n++
		l.rest = l.rest[1:]
		texts = append(texts, text)
	}
	return texts, nil
}

// groups are lines as they come: those that can be had without waiting stand
// together.
type groups struct {
	lines chan []string
	err   error // why lines is closed
}

func newGroups() *groups { return &groups{lines: make(chan []string)} }

func (g *groups) read(ctx context.Context, in io.Reader) {
	defer close(g.lines)
	r := bufio.NewReaderSize(in, 64<<10)
	for {
		group, err := nextGroup(r)
		if len(group) > 0 {
			select {
			case g.lines <- group:
			case <-ctx.Done():
				g.err = ctx.Err()
				return
			}
		}
		if err != nil {
			g.err = err
			return
		}
	}
}

// nextGroup waits for a line, and takes those along that have come with it.
func nextGroup(r *bufio.Reader) (group []string, err error) {
	for {
		text, err := readLine(r)
		if strings.TrimSpace(text) != "" {
			group = append(group, text)
		}
		if err != nil {
			return group, err
		}
		if len(group) == 0 {
			continue
		}
		if ready, _ := r.Peek(r.Buffered()); len(group) >= MaxBatch || !bytes.Contains(ready, []byte{'\n'}) {
			return group, nil
		}
	}
}

var errLong = fmt.Errorf("a line of the standard input has more than %d bytes", MaxData)

// readLine reads a line without its end.
func readLine(r *bufio.Reader) (string, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(long)+len(part) > MaxData {
			return "", errLong
		}
		long = append(long, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return strings.TrimRight(string(long), "\r\n"), err
	}
}

// Read reads a text whole, without a line's end behind it. It ends when ctx
// does, and leaves the reading to a goroutine then.
func Read(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		text []byte
		err  error
	}
	results := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(in, MaxData+1))
		results <- result{text, err}
	}()
	select {
	case r := <-results:
		if len(r.text) > MaxData {
			return "", fmt.Errorf("the standard input has more than %d bytes", MaxData)
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(r.text), "\n"), "\r"), r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
