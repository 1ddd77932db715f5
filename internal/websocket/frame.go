package websocket

import (
	"encoding/binary"
	"strings"
)

// Opcode is a frame's kind, RFC 6455 5.2.
type Opcode byte

const (
	opContinuation Opcode = 0x0
	Text           Opcode = 0x1
	Binary         Opcode = 0x2
	Close          Opcode = 0x8
	Ping           Opcode = 0x9
	Pong           Opcode = 0xA
)

func (o Opcode) control() bool { return o&0x8 != 0 }

// Close codes of RFC 6455 7.4.1 that are used here.
const (
	CodeNormal      = 1000
	CodeGoingAway   = 1001
	CodeProtocol    = 1002
	CodeUnsupported = 1003
	CodeNoStatus    = 1005 // never on the wire: the close frame carried none
	CodeAbnormal    = 1006 // never on the wire: there was no close frame
	CodeInvalidData = 1007
	CodeTooBig      = 1009
)

// validCode says whether a close code may stand on the wire: those that the
// RFC and its registry define for it, and the ranges of libraries (3000) and
// applications (4000).
func validCode(code uint16) bool {
	switch {
	case code >= 3000 && code <= 4999:
		return true
	case code >= 1000 && code <= 1014:
		return code != 1004 && code != CodeNoStatus && code != CodeAbnormal
	}
	return false
}

// AppendFrame appends one whole frame. A client passes a fresh mask, a server
// nil.
func AppendFrame[T ~string | ~[]byte](dst []byte, op Opcode, payload T, mask *[4]byte) []byte {
	start := len(dst)
	dst = Begin(dst)
	dst = append(dst, payload...)
	return Finish(dst, start, op, mask)
}

// AppendClose appends a close frame; a code of 0 or CodeNoStatus sends none. A
// reason that does not fit is cut at a character's border, and octets in it
// that are not UTF-8 become U+FFFD.
func AppendClose(dst []byte, code int, reason string, mask *[4]byte) []byte {
	start := len(dst)
	dst = Begin(dst)
	if code != 0 && code != CodeNoStatus {
		dst = binary.BigEndian.AppendUint16(dst, uint16(code))
		reason = strings.ToValidUTF8(reason, "\uFFFD")
		if len(reason) > MaxReason {
			cut := MaxReason
			for cut > 0 && reason[cut]&0xC0 == 0x80 {
				cut--
			}
			reason = reason[:cut]
		}
		dst = append(dst, reason...)
	}
	return Finish(dst, start, Close, mask)
}

// reserved is what Begin sets aside: the header of a masked frame of up to
// 65535 bytes, which is nearly every frame.
const reserved = 8

// Begin makes room for a header, so that a payload can be appended behind it
// without a buffer of its own. Finish completes the frame.
func Begin(dst []byte) []byte {
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
}

// Finish writes the header of the frame that Begin started at start, and masks
// the payload if there is a mask. It moves the payload when the header turns
// out shorter or longer than the room that Begin made.
func Finish(dst []byte, start int, op Opcode, mask *[4]byte) []byte {
	n := len(dst) - start - reserved
	var header [maxHeader]byte
	h := 2
	header[0] = 0x80 | byte(op)
	switch {
	case n < 126:
		header[1] = byte(n)
	case n <= 0xFFFF:
		header[1] = 126
		binary.BigEndian.PutUint16(header[2:], uint16(n))
		h = 4
	default:
		header[1] = 127
		for at := 9; at >= 2; at-- {
			header[at] = byte(n >> (8 * (9 - at)))
		}
		h = 10
	}
	if mask != nil {
		header[1] |= 0x80
		h += copy(header[h:], mask[:])
	}
	if h != reserved {
		for grow := h - reserved; grow > 0; grow-- {
			dst = append(dst, 0)
		}
		copy(dst[start+h:], dst[start+reserved:start+reserved+n])
		dst = dst[:start+h+n]
	}
	copy(dst[start:], header[:h])
	if mask != nil {
		applyMask(dst[start+h:], *mask, 0)
	}
	return dst
}
