package channelauth

import (
	"errors"
	"strings"
)

// Errors of the package. The ones returned wrap these with the details, so
// compare with errors.Is.
var (
	// ErrForbidden is what Config.Authorize returns, or wraps, to say no. The
	// client gets status 403.
	ErrForbidden = errors.New("channelauth: forbidden")

	// ErrPublicChannel says that the channel is public: anybody may subscribe,
	// and there is nothing to sign.
	ErrPublicChannel = errors.New("channelauth: a public channel needs no authorization; subscribe without a token, or use a name that begins with private- or presence-")

	// ErrSocketID says that the socket id is not of the form digits.digits.
	ErrSocketID = errors.New("channelauth: a socket id is digits, a dot and digits, as in 1234.5678; send the one of connection_established")

	// ErrChannelName says that no channel can have this name.
	ErrChannelName = errors.New("channelauth: a channel name has 1 to 164 characters of A-Z a-z 0-9 _ - = @ , . ;")

	// ErrUserID says that the user id is missing, too long or of characters
	// that it cannot have.
	ErrUserID = errors.New("channelauth: invalid user id")

	// ErrUserObject says that channel_data or user_data is not the JSON that
	// it has to be, or is too large.
	ErrUserObject = errors.New("channelauth: invalid user object")

	// ErrWatchlist says that the watchlist of a sign-in is too long or names
	// an impossible user.
	ErrWatchlist = errors.New("channelauth: invalid watchlist")

	// ErrEncryptionKey says that an encrypted channel was asked for and there
	// is no usable master key.
	ErrEncryptionKey = errors.New("channelauth: encrypted channels need an EncryptionMasterKey of 32 bytes")

	// ErrCredentials says that the Signer has no usable key or secret.
	ErrCredentials = errors.New("channelauth: set the application's key (without a colon) and its secret")

	// ErrMalformedToken says that a token is not of the form KEY:HEX with 64
	// hexadecimal digits.
	ErrMalformedToken = errors.New("channelauth: a token is KEY:HEX, the application's key and 64 hexadecimal digits")

	// ErrWrongKey says that a token was made with another application's key.
	ErrWrongKey = errors.New("channelauth: the token has the key of another application")

	// ErrWrongSignature says that the signature is not the one of this socket
	// id, channel and data under this secret.
	ErrWrongSignature = errors.New("channelauth: the signature does not match; sign this socket id, channel and data with this application's secret")
)

// bare returns the text of an error without the package's name, for a sentence
// that has it already and for a client that does not care.
func bare(err error) string {
	return strings.TrimPrefix(err.Error(), "channelauth: ")
}
