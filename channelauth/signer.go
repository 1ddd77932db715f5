package channelauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
)

// Signer makes and checks tokens of one application. It is a value: copy it,
// and use it from any goroutine. Printed or logged, it shows no secret.
type Signer struct {
	// Key is the application's public key. It may not hold a colon, which
	// separates it from the signature.
	Key string

	// Secret is the application's secret. With an empty one nothing is signed
	// and nothing verifies.
	Secret string
}

// SignChannel returns the token "KEY:HEX" that lets the connection socketID
// subscribe to channel.
//
// For a presence channel channelData is the exact text that goes out as
// channel_data: a JSON object with user_id and, if wanted, user_info; see
// [Member]. It is empty for the other kinds, and for a presence channel that
// is joined under the id of the signed-in user.
//
// The errors wrap [ErrPublicChannel], [ErrChannelName], [ErrSocketID],
// [ErrUserObject], [ErrUserID] or [ErrCredentials].
func (s Signer) SignChannel(socketID, channel, channelData string) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	if err := checkTarget(socketID, channel); err != nil {
		return "", err
	}
	if KindOf(channel) == Presence && channelData != "" {
		if len(channelData) > MaxUserObject {
			return "", fmt.Errorf("%w: channel_data has %d bytes, %d are allowed; put less into user_info", ErrUserObject, len(channelData), MaxUserObject)
		}
		member, err := ParseMember(channelData)
		if err != nil {
			return "", err
		}
		if err := checkUserID(member.UserID); err != nil {
			return "", err
		}
	}
	return s.Key + ":" + hex.EncodeToString(s.mac(ChannelText(socketID, channel, channelData))), nil
}

// SignUser returns the token "KEY:HEX" that lets the connection socketID sign
// in as a user. userData is the exact text that goes out as user_data: a JSON
// object with id and, if wanted, user_info and watchlist; see [User].
//
// The errors wrap [ErrSocketID], [ErrUserObject], [ErrUserID], [ErrWatchlist]
// or [ErrCredentials].
func (s Signer) SignUser(socketID, userData string) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	if err := CheckSocketID(socketID); err != nil {
		return "", err
	}
	user, err := ParseUser(userData)
	if err != nil {
		return "", err
	}
	if err := user.check(); err != nil {
		return "", err
	}
	return s.Key + ":" + hex.EncodeToString(s.mac(UserText(socketID, userData))), nil
}

// ChannelText returns the text that the signature of a subscription covers.
func ChannelText(socketID, channel, channelData string) string {
	if channelData == "" {
		return socketID + ":" + channel
	}
	return socketID + ":" + channel + ":" + channelData
}

// UserText returns the text that the signature of a sign-in covers.
func UserText(socketID, userData string) string {
	return socketID + "::user::" + userData
}

// SharedSecret returns the shared_secret of an encrypted channel: the SHA-256
// of the channel name followed by the master key, in base64 (Pusher docs,
// "Encrypted channels"). The master key has 32 random bytes; [NewHandler]
// checks the size, this function does not.
func SharedSecret(channel string, masterKey []byte) string {
	sum := sha256.Sum256(append([]byte(channel), masterKey...))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// String names the key and hides the secret.
func (s Signer) String() string { return "channelauth.Signer{Key:" + s.Key + "}" }

// GoString is for the verb %#v, which would show the secret otherwise.
func (s Signer) GoString() string { return s.String() }

// LogValue keeps the secret out of structured logs.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s Signer) check() error {
	if s.Key == "" || s.Secret == "" || strings.Contains(s.Key, ":") {
		return ErrCredentials
	}
	return nil
}

func (s Signer) mac(text string) []byte {
	h := hmac.New(sha256.New, []byte(s.Secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// checkTarget also keeps the three texts apart: with neither a colon nor an
// empty name in a channel, no token for one of them is good for another.
func checkTarget(socketID, channel string) error {
	if err := CheckSocketID(socketID); err != nil {
		return err
	}
	if err := CheckChannel(channel); err != nil {
		return err
	}
	if KindOf(channel) == Public {
		return ErrPublicChannel
	}
	return nil
}
