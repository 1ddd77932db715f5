package thimble

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
)

// DevelopmentSigner is an Authorizer and UserAuthorizer that signs on the spot,
// with the application's secret, so that a first device or a test needs no
// server.
//
// For development only, never in what is shipped: whoever has the firmware, or
// the program, has the secret, and with it can be anybody on every channel.
// What is shipped asks an Endpoint.
//
// Printed or logged, it shows no secret.
type DevelopmentSigner struct {
	// Key is the application's public key.
	Key string

	// Secret is the application's secret.
	Secret string

	// UserID says who this is, on presence channels and to sign in; at most 128
	// characters. Zero: neither works.
	UserID string

	// UserInfo is what others on a presence channel see, and what is known of
	// the user who signs in: a JSON text, such as {"name":"Ada"}, which with the
	// id has at most 1 KB. Zero: nothing.
	UserInfo string

	// EncryptionMasterKey makes the keys of encrypted channels: 32 bytes, the
	// same as on the server. Zero: encrypted channels do not work.
	EncryptionMasterKey []byte
}

var (
	errSignerKey     = errors.New("thimble: set DevelopmentSigner.Key, without a colon, and Secret")
	errSignerUser    = errors.New("thimble: set DevelopmentSigner.UserID, which presence channels and signing in need: at most 128 characters")
	errSignerUserID  = errors.New("thimble: DevelopmentSigner.UserID has characters that the id of a signed-in user cannot have: A-Z a-z 0-9 _ - = @ , . ; are allowed")
	errSignerInfo    = errors.New(`thimble: DevelopmentSigner.UserInfo is not a JSON text, such as {"name":"Ada"}`)
	errSignerSize    = errors.New("thimble: DevelopmentSigner.UserID and UserInfo have more than 1 KB together")
	errSignerMaster  = errors.New("thimble: set DevelopmentSigner.EncryptionMasterKey to 32 bytes, which encrypted channels need; one in base64 must be decoded first")
	errSignerSocket  = errors.New("thimble: the socket id is not digits, a dot and digits")
	errSignerChannel = errors.New("thimble: DevelopmentSigner signs for private, presence and encrypted channels with a valid name only")
)

// maxUserObject is the largest user object in bytes (Pusher docs, "Presence
// channels").
const maxUserObject = 1024

// Authorize signs for one channel.
func (s DevelopmentSigner) Authorize(_ context.Context, req AuthRequest) (Token, error) {
	kind := wire.KindOf(req.Channel)
	// A name with a colon would be signed as something else.
	if !kind.Authorized() || !wire.ValidChannel(req.Channel) {
		return Token{}, final(errSignerChannel)
	}
	if err := s.check(req.SocketID); err != nil {
		return Token{}, final(err)
	}
	var token Token
	text := req.SocketID + ":" + req.Channel
	switch kind {
	case wire.Presence:
		data, err := s.user("user_id")
		if err != nil {
			return Token{}, final(err)
		}
		token.ChannelData = data
		text += ":" + data
	case wire.Encrypted:
		if len(s.EncryptionMasterKey) != secretSize {
			return Token{}, final(errSignerMaster)
		}
		token.SharedSecret = sharedSecret(req.Channel, s.EncryptionMasterKey)
	}
	token.Auth = s.sign(text)
	return token, nil
}

// AuthorizeUser signs the user in.
func (s DevelopmentSigner) AuthorizeUser(_ context.Context, socketID string) (UserToken, error) {
	if err := s.check(socketID); err != nil {
		return UserToken{}, final(err)
	}
	data, err := s.user("id")
	if err == nil && wire.Outside(s.UserID) >= 0 {
		err = errSignerUserID // it becomes part of #server-to-user-ID
	}
	if err != nil {
		return UserToken{}, final(err)
	}
	return UserToken{Auth: s.sign(socketID + "::user::" + data), UserData: data}, nil
}

// final is a mistake of the program, which trying again does not mend.
func final(err error) error { return &AuthError{Permanent: true, Err: err} }

func (s DevelopmentSigner) check(socketID string) error {
	if s.Key == "" || s.Secret == "" || strings.IndexByte(s.Key, ':') >= 0 {
		return errSignerKey
	}
	if !wire.ValidSocketID(socketID) {
		return errSignerSocket
	}
	return nil
}

// user writes the JSON object that says who this is.
func (s DevelopmentSigner) user(id string) (string, error) {
	if s.UserID == "" || !utf8.ValidString(s.UserID) || utf8.RuneCountInString(s.UserID) > wire.MaxUserID {
		return "", errSignerUser
	}
	if len(s.UserInfo) > maxUserObject {
		return "", errSignerSize
	}
	b := wire.AppendString([]byte{'{'}, id)
	b = wire.AppendString(append(b, ':'), s.UserID)
	if s.UserInfo != "" {
		if !wire.Valid([]byte(s.UserInfo)) {
			return "", errSignerInfo
		}
		b = append(b, `,"user_info":`...)
		b = append(b, s.UserInfo...)
	}
	if b = append(b, '}'); len(b) > maxUserObject {
		return "", errSignerSize
	}
	return string(b), nil
}

// sign returns the token for a text.
func (s DevelopmentSigner) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(s.Secret))
	_, _ = mac.Write([]byte(text))
	return s.Key + ":" + hex.EncodeToString(mac.Sum(nil))
}

// sharedSecret is the key of an encrypted channel: the SHA-256 of its name and
// the master key (Pusher docs, "Encrypted channels").
func sharedSecret(channel string, master []byte) []byte {
	text := append([]byte(channel), master...)
	sum := sha256.Sum256(text)
	clear(text)
	return sum[:]
}

// String names the key and hides the secrets.
func (s DevelopmentSigner) String() string { return "thimble.DevelopmentSigner{Key:" + s.Key + "}" }

// GoString is for the verb %#v, which would show the secrets otherwise.
func (s DevelopmentSigner) GoString() string { return s.String() }

// MarshalText keeps the secrets out of structured logs.
func (s DevelopmentSigner) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
