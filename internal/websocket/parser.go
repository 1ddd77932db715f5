package websocket

import "encoding/binary"

// Kind is what Next found.
type Kind uint8

const (
	None        Kind = iota // nothing yet: more bytes are needed
	Message                 // a whole message: Opcode is Text or Binary
	Control                 // Opcode is Close, Ping or Pong
	Oversize                // a message above the limit begins to pass by
	OversizeEnd             // it has passed
)

// Item is one thing found. Payload is borrowed: it stands in the buffer given
// to Next, or in the parser, and is valid until the next call of Next.
//
// Of a message that passes by, Payload is what Next shows of it, up to
// OversizeShown bytes that nobody has checked: in Oversize its beginning, as
// far as it stands in the fragments that fit or else in the frame that does
// not; in OversizeEnd the end of its last frame. The two overlap when the
// message is short, and cut characters.
type Item struct {
	Kind    Kind
	Opcode  Opcode
	Payload []byte
	// Size of the message that passes by, counted up to 1 GiB - 1. In Oversize
	// more fragments may follow that it does not count.
	Size int
	// Code and reason of a Close; CodeNoStatus when it carried none. The
	// reason is Payload.
	Code int
}

// Parser reads frames. The zero value is a client's parser with the default
// limit; set the fields before the first call of Next and leave them alone.
type Parser struct {
	// MaxMessage bounds a message in bytes; zero means DefaultMaxMessage. More
	// than 1 GiB - 1 counts as that.
	MaxMessage int
	// Server reads what clients send: masked frames.
	Server bool
	// SkipOversize lets a message above the limit pass by, told as an Oversize
	// and later an OversizeEnd item, where otherwise Next returns ErrTooBig.
	// Control frames may be found between the two.
	SkipOversize bool

	// The frame that is being read. What is small stands together: a broker has
	// a parser for each connection.
	head    bool // its header has been read, and stands in the buffer if whole
	fin     bool
	masked  bool
	passing bool // the payload is too big and is dropped as it comes
	op      Opcode
	mask    [4]byte

	// The message that is being read.
	open    Opcode // of a message whose last fragment has not come, or 0
	told    bool   // that it is too big, with an Oversize item
	whole   []byte // its fragments so far
	valid   int    // bytes of the text known to be UTF-8
	dropped int    // its size so far, if it is too big; 0 if it is not

	// And of the frame.
	header int // bytes of header still in the buffer
	length int // of the payload
	done   int // bytes of the payload unmasked so far
	clear  int // bytes at its start unmasked to be shown
}

// Need returns how many bytes the buffer must hold from its start for Next to
// find the frame that it waits for, 0 when any number will do.
func (p *Parser) Need() int {
	switch {
	case p.head && p.inPlace():
		return p.header + p.length
	case p.head && p.passing:
		return p.needPassing()
	}
	return 0
}

// Next looks at b, everything that has arrived and is not yet used, and
// returns how much of it is used and what it found. After None, call it again
// with the rest of b and more bytes behind it; after anything else, with the
// rest of b. It changes b. After an error the parser must not be used again.
func (p *Parser) Next(b []byte) (used int, item Item, err error) {
	if used, text := p.NextText(b); used > 0 {
		return used, Item{Kind: Message, Opcode: Text, Payload: text}, nil
	}
	for {
		if !p.head {
			ok, err := p.readHeader(b[used:])
			if err != nil || !ok {
				return used, Item{}, err
			}
		}
		rest := b[used:]
		if p.inPlace() {
			item, err = p.readWhole(rest)
			if err != nil || item.Kind == None {
				return used, Item{}, err
			}
			used += p.header + p.length
			p.endFrame()
			return used, item, nil
		}
		var n int
		var ended bool
		if p.passing {
			n, item, ended = p.pass(rest)
		} else {
			n, item, ended, err = p.readPart(rest)
		}
		used += n
		if err != nil || !ended {
			return used, item, err
		}
		last := p.fin
		p.endFrame()
		if last {
			p.endMessage()
			return used, item, nil
		}
	}
}

// inPlace says whether the frame is used where it stands in the buffer, once
// all of it is there. Fragments and what is too big are used as they come.
func (p *Parser) inPlace() bool {
	return p.op.control() || p.op != opContinuation && p.fin && !p.passing
}

func (p *Parser) endFrame() {
	p.head, p.done, p.passing, p.clear = false, 0, false, 0
	if p.open == 0 {
		p.valid = 0
	}
}

// endMessage keeps the memory of the fragments for the next message: whoever
// sends one fragmented message sends more. The item still borrows it.
func (p *Parser) endMessage() {
	p.open, p.valid, p.dropped, p.told = 0, 0, 0, false
	if cap(p.whole) > keepFragments {
		p.whole = nil
	} else {
		p.whole = p.whole[:0]
	}
}

// keepFragments is how much memory for fragments stays with an idle parser.
const keepFragments = 4 << 10

func (p *Parser) limit() int {
	if p.MaxMessage > 0 {
		return min(p.MaxMessage, maxSkip)
	}
	return DefaultMaxMessage
}

// readHeader reads and checks the next frame's header; false when b does not
// hold all of it. What its first two bytes show to be wrong is refused at once.
func (p *Parser) readHeader(b []byte) (bool, error) {
	if len(b) < 2 {
		if len(b) == 1 && b[0]&0x70 != 0 {
			return false, ErrReserved
		}
		return false, nil
	}
	if b[0]&0x70 != 0 {
		return false, ErrReserved
	}
	fin, op := b[0]&0x80 != 0, Opcode(b[0]&0x0F)
	masked, size := b[1]&0x80 != 0, int(b[1]&0x7F)
	switch {
	case op > Binary && op < Close || op > Pong:
		return false, ErrOpcode
	case masked && !p.Server:
		return false, ErrMasked
	case !masked && p.Server:
		return false, ErrUnmasked
	case op.control() && (!fin || size > maxControl):
		return false, ErrControl
	case op == opContinuation && p.open == 0:
		return false, ErrContinuation
	case !op.control() && op != opContinuation && p.open != 0:
		return false, ErrInterleaved
	}

	h := 2
	length := uint64(size)
	switch size {
	case 126:
		if len(b) < 4 {
			return false, nil
		}
		h, length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
		if length < 126 {
			return false, ErrLength
		}
	case 127:
		if len(b) < 10 {
			return false, nil
		}
		h, length = 10, 0
		for _, c := range b[2:10] {
			length = length<<8 | uint64(c)
		}
		if length <= 0xFFFF || length > 1<<63-1 {
			return false, ErrLength
		}
	}
	if masked {
		if len(b) < h+4 {
			return false, nil
		}
		h += copy(p.mask[:], b[h:h+4])
	}

	passing := false
	if !op.control() {
		if p.dropped > 0 || length > uint64(p.limit()-len(p.whole)) {
			if !p.SkipOversize || length > maxSkip {
				return false, ErrTooBig
			}
			passing = true
		}
	}
	p.head, p.fin, p.op, p.masked, p.header = true, fin, op, masked, h
	p.length, p.done, p.passing = int(length), 0, passing
	if !op.control() && op != opContinuation && !p.inPlace() {
		p.open = op
	}
	return true, nil
}

// readWhole uses a frame that stands in b from its header on. Text is checked
// as it arrives, so that a bad octet is refused before the rest has come.
func (p *Parser) readWhole(b []byte) (Item, error) {
	end := min(len(b)-p.header, p.length)
	payload := b[p.header : p.header+end]
	if p.masked {
		applyMask(payload[p.done:], p.mask, p.done)
	}
	p.done = end
	complete := end == p.length
	if p.op == Text {
		valid, ok := checkText(payload, p.valid, complete)
		if !ok {
			return Item{}, ErrUTF8
		}
		p.valid = valid
	}
	if !complete {
		return Item{}, nil
	}
	switch p.op {
	case Text, Binary:
		p.valid = 0
		return Item{Kind: Message, Opcode: p.op, Payload: payload}, nil
	case Close:
		return closeItem(payload)
	}
	return Item{Kind: Control, Opcode: p.op, Payload: payload}, nil
}

func closeItem(payload []byte) (Item, error) {
	item := Item{Kind: Control, Opcode: Close, Code: CodeNoStatus}
	switch len(payload) {
	case 0:
		return item, nil
	case 1:
		return Item{}, ErrClosePayload
	}
	code := binary.BigEndian.Uint16(payload)
	if !validCode(code) {
		return Item{}, ErrCloseCode
	}
	if !validText(payload[2:]) {
		return Item{}, ErrUTF8
	}
	item.Code, item.Payload = int(code), payload[2:]
	return item, nil
}

// readPart uses what has come of a fragment, and says whether the frame has
// ended: with the last one the message is found.
func (p *Parser) readPart(b []byte) (used int, item Item, ended bool, err error) {
	used = p.header
	p.header = 0
	n := min(len(b)-used, p.length-p.done)
	part := b[used : used+n]
	used += n
	if p.masked {
		applyMask(part, p.mask, p.done)
	}
	p.done += n
	p.whole = append(p.whole, part...)
	ended = p.done == p.length
	if p.open == Text {
		valid, ok := checkText(p.whole, p.valid, ended && p.fin)
		if !ok {
			return used, Item{}, false, ErrUTF8
		}
		p.valid = valid
	}
	if ended && p.fin {
		item = Item{Kind: Message, Opcode: p.open, Payload: p.whole}
	}
	return used, item, ended, nil
}
