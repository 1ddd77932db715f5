package channelauth

import (
	"fmt"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
)

// Kind says what it takes to subscribe to a channel. The cache variants have
// the kind of their base.
type Kind uint8

const (
	// Public channels are open to everybody.
	Public = Kind(wire.Public)
	// Private channels need a token.
	Private = Kind(wire.Private)
	// Presence channels need a token and say who is there.
	Presence = Kind(wire.Presence)
	// Encrypted channels need a token and a shared secret.
	Encrypted = Kind(wire.Encrypted)
)

// String returns the field's word for the kind: "public", "private",
// "presence" or "private-encrypted".
func (k Kind) String() string {
	switch k {
	case Private:
		return "private"
	case Presence:
		return "presence"
	case Encrypted:
		return "private-encrypted"
	}
	return "public"
}

// KindOf returns the kind of a channel by its prefix. It does not look at the
// rest of the name; see [CheckChannel].
func KindOf(channel string) Kind {
	return Kind(wire.KindOf(channel))
}

// CheckChannel returns an error that wraps [ErrChannelName] unless the name
// keeps to the alphabet and the length of channel names. Names that begin with
// # belong to the broker and fail too.
func CheckChannel(channel string) error {
	if channel == "" {
		return fmt.Errorf("%w (this one is empty)", ErrChannelName)
	}
	if len(channel) > MaxChannelLength {
		return fmt.Errorf("%w (this one has %d)", ErrChannelName, len(channel))
	}
	if i := wire.Outside(channel); i >= 0 {
		r, _ := utf8.DecodeRuneInString(channel[i:])
		return fmt.Errorf("%w (this one has %q at byte %d)", ErrChannelName, r, i)
	}
	return nil
}

// CheckSocketID returns an error that wraps [ErrSocketID] unless the socket id
// is digits, a dot and digits.
func CheckSocketID(socketID string) error {
	if !wire.ValidSocketID(socketID) {
		return ErrSocketID
	}
	return nil
}

// checkUserID checks the id of a presence member. Its alphabet is free: an
// e-mail address with a plus is in use as one.
func checkUserID(id string) error {
	if id == "" {
		return fmt.Errorf("%w: it is empty", ErrUserID)
	}
	if !utf8.ValidString(id) {
		return fmt.Errorf("%w: it is not UTF-8", ErrUserID)
	}
	if n := utf8.RuneCountInString(id); n > MaxUserIDLength {
		return fmt.Errorf("%w: it has %d characters, %d are allowed", ErrUserID, n, MaxUserIDLength)
	}
	return nil
}

// checkSignInID checks the id of a signed-in user. It becomes part of the
// channel name #server-to-user-{id}, hence the smaller alphabet.
func checkSignInID(id string) error {
	if err := checkUserID(id); err != nil {
		return err
	}
	if i := wire.Outside(id); i >= 0 {
		r, _ := utf8.DecodeRuneInString(id[i:])
		return fmt.Errorf("%w: it has %q; the id of a signed-in user is of A-Z a-z 0-9 _ - = @ , . ;", ErrUserID, r)
	}
	return nil
}
