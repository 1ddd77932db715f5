//go:build !tinygo

package websocket

import "encoding/binary"

// NextText is Next for a whole, short message of ASCII from a server, as nearly
// all are, without the steps that others take. It finds nothing else: when used
// is 0, call Next.
func (p *Parser) NextText(b []byte) (used int, text []byte) {
	if len(b) < 4 || b[0] != 0x80|byte(Text) || p.head || p.Server || p.open != 0 {
		return 0, nil
	}
	header, size := 2, int(b[1])
	if size >= 126 {
		header, size = 4, int(b[2])<<8|int(b[3])
		if b[1] != 126 || size < 126 {
			return 0, nil
		}
	}
	if size > len(b)-header || size > p.limit() || !ascii(b[header:header+size]) {
		return 0, nil
	}
	return header + size, b[header : header+size]
}

// ascii says whether no byte has its highest bit.
func ascii(b []byte) bool {
	var all uint64
	for ; len(b) >= 32; b = b[32:] {
		all |= binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) |
			binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
	}
	for ; len(b) >= 8; b = b[8:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&0x8080808080808080 == 0
}

// applyMask masks or unmasks b in place; at is b's position in the payload.
func applyMask(b []byte, key [4]byte, at int) {
	turned := [4]byte{key[at&3], key[(at+1)&3], key[(at+2)&3], key[(at+3)&3]}
	word := uint64(binary.LittleEndian.Uint32(turned[:]))
	word |= word << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= turned[i&3]
	}
}
