package websocket

// pass lets a frame of a message that is too big go by: it shows the message's
// beginning, drops what comes, and shows the end. It needs no memory, since the
// end stays unused in the buffer until all of it is there.
func (p *Parser) pass(b []byte) (used int, item Item, ended bool) {
	used = p.header
	left := p.length - p.done
	payload := b[used : used+min(len(b)-used, left)]
	if !p.told {
		begin := p.whole[:min(len(p.whole), OversizeShown)]
		if len(begin) == 0 {
			n := min(p.length, OversizeShown)
			if len(payload) < n {
				return 0, Item{}, false
			}
			begin, p.clear = payload[:n], n
			p.unmask(begin, 0)
		}
		p.told, p.header = true, 0
		return used, Item{Kind: Oversize, Opcode: p.open, Payload: begin, Size: p.passed()}, false
	}
	p.header = 0
	if len(payload) < left {
		n := len(payload)
		if p.fin {
			n = min(n, max(left-OversizeShown, 0))
		}
		p.done += n
		return used + n, Item{}, false
	}
	p.dropped = p.passed()
	p.whole = p.whole[:0]
	if p.fin {
		start := max(len(payload)-OversizeShown, 0)
		masked := min(max(start, p.clear-p.done), len(payload))
		p.unmask(payload[masked:], p.done+masked)
		item = Item{Kind: OversizeEnd, Opcode: p.open, Payload: payload[start:], Size: p.dropped}
	}
	return used + len(payload), item, true
}

// passed is the size of the message with the frame that passes by.
func (p *Parser) passed() int {
	return min(p.dropped+len(p.whole)+p.length, maxSkip)
}

func (p *Parser) unmask(b []byte, at int) {
	if p.masked {
		applyMask(b, p.mask, at)
	}
}

// needPassing is Need for a frame that passes by: the buffer must hold what is
// shown of it. What stands before the end may come in pieces.
func (p *Parser) needPassing() int {
	switch left := p.length - p.done; {
	case !p.told:
		return p.header + min(p.length, OversizeShown)
	case p.fin && left <= OversizeShown:
		return p.header + left
	}
	return 0
}
