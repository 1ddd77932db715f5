package session

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/thimble-go/thimble/internal/wire"
)

// Sizes of NaCl's secretbox, which encrypts the events of encrypted channels.
const (
	keySize   = 32
	nonceSize = 24
)

// keepOpen is how much of the memory for decryption stays for the next event.
// The service takes no data above 10 KB.
const keepOpen = 16 << 10

// What is wrong with an encrypted event.
var (
	errSealed = errors.New(`thimble: its data is not {"ciphertext":"...","nonce":"..."} in base64; publish it with a server library that has the channel's master key`)
	errNonce  = errors.New("thimble: its nonce is not of 24 bytes")
	errShort  = errors.New("thimble: its ciphertext is shorter than 16 bytes")
	errKey    = errors.New("thimble: the channel's key does not open it; check that publisher and authorization endpoint have the same master key")
	errText   = errors.New("thimble: what it holds is not UTF-8 text")
	errHeld   = errors.New("thimble: more events wait for a fresh key than Config.MaxMessage has room for")
)

// box is the memory that decryption uses again and again.
type box struct {
	nonce  [nonceSize]byte
	sealed []byte
	plain  []byte // of the last event, which borrows it
}

// unpack reads the data of an encrypted event: the box, whose nonce is in
// s.box. It changes the message.
func (s *Session) unpack(m *wire.Message) ([]byte, error) {
	data := m.Payload()
	text, nonce := data.Get("ciphertext"), data.Get("nonce")
	if text.Kind() != wire.String || nonce.Kind() != wire.String {
		return nil, errSealed
	}
	in := nonce.Unescape()
	if len(in) != base64.StdEncoding.EncodedLen(nonceSize) {
		return nil, errNonce
	}
	switch n, err := base64.StdEncoding.Decode(s.box.nonce[:], in); {
	case err != nil:
		return nil, errSealed
	case n != nonceSize:
		return nil, errNonce
	}
	in = text.Unescape()
	s.box.sealed = room(s.box.sealed, base64.StdEncoding.DecodedLen(len(in)))
	n, err := base64.StdEncoding.Decode(s.box.sealed, in)
	switch {
	case err != nil:
		return nil, errSealed
	case n < secretbox.Overhead:
		return nil, errShort
	}
	return s.box.sealed[:n], nil
}

// open decrypts a box to what was published: the content of a string, or the
// text of any other value. errKey says that another key may open it.
func (s *Session) open(sec *secret, nonce *[nonceSize]byte, sealed []byte) ([]byte, error) {
	if !sec.known {
		return nil, errKey
	}
	s.box.plain = room(s.box.plain, len(sealed)-secretbox.Overhead)
	plain, ok := secretbox.Open(s.box.plain[:0], sealed, nonce, &sec.key)
	if !ok {
		return nil, errKey
	}
	if !utf8.Valid(plain) {
		return nil, errText
	}
	// Libraries of servers encrypt the JSON text of what is published. Only a
	// string has to be taken out of it, so nothing else is looked at.
	if isString(plain) {
		if v, err := wire.ParseValue(plain); err == nil {
			return v.Unescape(), nil
		}
	}
	return plain, nil
}

// isString says whether JSON text would be a string.
func isString(b []byte) bool {
	for _, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '"'
		}
	}
	return false
}

// room returns n bytes, in b if they fit and b is not kept for too long.
func room(b []byte, n int) []byte {
	if n > cap(b) || cap(b) > keepOpen && n <= keepOpen {
		return make([]byte, n, max(n, min(2*cap(b), keepOpen)))
	}
	return b[:n]
}
