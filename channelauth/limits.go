package channelauth

import (
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// Limits of the protocol. Signing refuses what is beyond them, because the
// broker would refuse it later with less to say. Verifying does not look at
// them: a broker has limits of its own.
const (
	// MaxChannelLength is the longest channel name, in bytes (Pusher docs,
	// "Channel naming conventions").
	MaxChannelLength = wire.MaxChannelName

	// MaxUserIDLength is the longest user id, in characters (Pusher docs,
	// "Presence channels").
	MaxUserIDLength = wire.MaxUserID

	// MaxUserObject is the largest user object, in bytes of JSON: the whole
	// channel_data of a presence channel, the user_info of a sign-in (Pusher
	// docs, "Presence channels").
	MaxUserObject = 1024

	// MaxWatchlist is the largest number of users to watch (Pusher docs,
	// "Watchlist events"); a broker ignores the rest and says 4302.
	MaxWatchlist = 100

	// MasterKeySize is the size of Config.EncryptionMasterKey in bytes, as in
	// Pusher's server libraries.
	MasterKeySize = 32

	// MaxBatch is the largest number of channels that one request may ask for.
	// Each costs a call of Config.Authorize.
	MaxBatch = 100

	// MaxBody is the largest request body the handler reads, in bytes. The two
	// fields need about 250, and MaxBatch channels with the longest names 19 KiB
	// (52 KiB if each character is percent-encoded); the rest is room for an
	// application's own fields.
	MaxBody = 64 << 10
)

// preflightSeconds is how long a browser may remember the answer to a
// preflight: long enough to spare a round trip per reconnect, short enough
// that a changed AllowedOrigins is felt the same day.
const preflightSeconds = "600"

// bodyTimeout is how long a request's body may take to come.
const bodyTimeout = 15 * time.Second
