//go:build tinygo

package websocket

// NextText is a shortcut on ordinary Go: here Next finds it all.
func (p *Parser) NextText([]byte) (used int, text []byte) { return 0, nil }

// applyMask masks or unmasks b in place; at is b's position in the payload.
func applyMask(b []byte, key [4]byte, at int) {
	for i := range b {
		b[i] ^= key[(at+i)&3]
	}
}
