//go:build tinygo

package websocket

import (
	"encoding/binary"
	"math/bits"
)

// The two below take 500 bytes of flash, where those of the standard library
// take 1,900. Nothing secret depends on them: the answer to the upgrade only
// shows that it comes from a WebSocket server.

// sum1 is SHA-1 (FIPS 180-4) of at most 119 bytes.
func sum1(b []byte) (sum [20]byte) {
	var padded [128]byte
	n := copy(padded[:119], b)
	padded[n] = 0x80
	end := (n + 8) &^ 63
	padded[end+62], padded[end+63] = byte(n>>5), byte(n<<3) // the length in bits

	h := [5]uint32{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}
	for block := 0; block <= end; block += 64 {
		var w [80]uint32
		a, b, c, d, e := h[0], h[1], h[2], h[3], h[4]
		for i := range w {
			if i < 16 {
				w[i] = binary.BigEndian.Uint32(padded[block+i*4:])
			} else {
				w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
			}
			f := (b ^ c ^ d) + 0x6ED9EBA1
			switch i / 20 {
			case 0:
				f = (b&c | ^b&d) + 0x5A827999
			case 2:
				f = (b&c | b&d | c&d) + 0x8F1BBCDC
			case 3:
				f += 0xCA62C1D6 - 0x6ED9EBA1
			}
			a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+w[i], a, bits.RotateLeft32(b, 30), c, d
		}
		for i, v := range [5]uint32{a, b, c, d, e} {
			h[i] += v
		}
	}
	for i := range sum {
		sum[i] = byte(h[i/4] >> (24 - i%4*8))
	}
	return sum
}

// encode64 is base64 with its standard alphabet and padding (RFC 4648 4).
func encode64(b []byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	out := make([]byte, 0, 28)
	for i := 0; i < len(b); i += 3 {
		var three [3]byte
		n := copy(three[:], b[i:])
		v := uint32(three[0])<<16 | uint32(three[1])<<8 | uint32(three[2])
		for j := 0; j < 4; j++ {
			c := byte('=')
			if j <= n {
				c = alphabet[v>>18&63]
			}
			out = append(out, c)
			v <<= 6
		}
	}
	return string(out)
}
