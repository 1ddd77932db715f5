package load

import (
	"bytes"
	"strconv"
	"time"

	"github.com/thimble-go/thimble"
)

// Names of the events.
const (
	apiEvent    = "thimble-bench"
	clientEvent = "client-thimble-bench"
)

// stamp is what a message says of itself.
type stamp struct {
	sender int
	number int
	sent   time.Duration // since the run began
}

// appendMessage writes a message of that size:
//
//	{"run":"ID","s":SENDER,"n":NUMBER,"t":NANOSECONDS,"x":"..."}
func appendMessage(dst []byte, run string, s stamp, size int) []byte {
	start := len(dst)
	dst = append(append(dst, `{"run":"`...), run...)
	dst = strconv.AppendInt(append(dst, `","s":`...), int64(s.sender), 10)
	dst = strconv.AppendInt(append(dst, `,"n":`...), int64(s.number), 10)
	dst = strconv.AppendInt(append(dst, `,"t":`...), int64(s.sent), 10)
	dst = append(dst, `,"x":"`...)
	for len(dst)-start < size-2 {
		dst = append(dst, 'x')
	}
	return append(dst, `"}`...)
}

// readMessage reads one of this run.
func readMessage(run string, e thimble.Event) (s stamp, ok bool) {
	// As it was written, which is nearly always.
	rest, found := bytes.CutPrefix(e.Data, []byte(`{"run":"`))
	if rest, found = cut(rest, found, run); found {
		var numbers [3]int64
		for i, name := range [...]string{`","s":`, `,"n":`, `,"t":`} {
			if rest, found = cut(rest, found, name); !found {
				break
			}
			numbers[i], rest, found = digits(rest)
		}
		if found && len(rest) > 0 && rest[0] == ',' {
			return stamp{int(numbers[0]), int(numbers[1]), time.Duration(numbers[2])}, true
		}
	}
	// Some servers write it anew.
	if e.Field("run").String() != run {
		return s, false
	}
	sender, ok1 := e.Field("s").Int()
	number, ok2 := e.Field("n").Int()
	sent, ok3 := e.Field("t").Int()
	return stamp{int(sender), int(number), time.Duration(sent)}, ok1 && ok2 && ok3
}

func cut(b []byte, found bool, prefix string) ([]byte, bool) {
	if !found || len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return b, false
	}
	return b[len(prefix):], true
}

// maxDigits is what surely fits an int64.
const maxDigits = 18

func digits(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		if i == maxDigits {
			return 0, b, false
		}
		n = n*10 + int64(b[i]-'0')
	}
	return n, b[i:], i > 0
}

// order notes which numbers of one sender have come.
type order struct {
	next   int    // the highest that has come, and one
	recent uint64 // bit i: next-1-i has come
}

// arrival is what a number means.
type arrival uint8

const (
	inOrder   arrival = iota
	reordered         // one with a higher number came before it
	duplicate         // it has come already
)

func (o *order) note(n int) arrival {
	if n >= o.next {
		if ahead := n - o.next + 1; ahead < 64 {
			o.recent = o.recent<<ahead | 1
		} else {
			o.recent = 1
		}
		o.next = n + 1
		return inOrder
	}
	behind := o.next - 1 - n
	if behind >= 64 {
		return reordered // as far as can be told
	}
	if o.recent>>behind&1 != 0 {
		return duplicate
	}
	o.recent |= 1 << behind
	return reordered
}
