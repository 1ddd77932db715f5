package channelauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// VerifyChannel returns nil if auth is the token of this application for this
// connection, channel and channel_data (empty if the client sent none). The
// comparison takes the same time for every wrong signature.
//
// The errors wrap [ErrMalformedToken], [ErrWrongKey], [ErrWrongSignature],
// [ErrPublicChannel], [ErrChannelName], [ErrSocketID] or [ErrCredentials]. The
// size and shape of channelData are not checked: see [ParseMember].
func (s Signer) VerifyChannel(auth, socketID, channel, channelData string) error {
	if err := checkTarget(socketID, channel); err != nil {
		return err
	}
	return s.verify(auth, ChannelText(socketID, channel, channelData))
}

// VerifyUser returns nil if auth is the token of this application for this
// connection to sign in with userData. Its errors are those of
// [Signer.VerifyChannel] without the ones about the channel.
func (s Signer) VerifyUser(auth, socketID, userData string) error {
	if err := CheckSocketID(socketID); err != nil {
		return err
	}
	return s.verify(auth, UserText(socketID, userData))
}

// TokenKey returns the key part of a token, for an application with several
// keys to find the Signer that belongs to it. It is empty for a token without
// one.
func TokenKey(auth string) string {
	key, _, found := strings.Cut(auth, ":")
	if !found {
		return ""
	}
	return key
}

func (s Signer) verify(auth, text string) error {
	if err := s.check(); err != nil {
		return err
	}
	key, signature, found := strings.Cut(auth, ":")
	if !found || len(signature) != hex.EncodedLen(sha256.Size) {
		return ErrMalformedToken
	}
	got, err := hex.DecodeString(signature)
	if err != nil {
		return ErrMalformedToken
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(s.Key)) != 1 {
		return ErrWrongKey
	}
	if !hmac.Equal(got, s.mac(text)) {
		return ErrWrongSignature
	}
	return nil
}
