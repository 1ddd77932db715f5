package apiauth

import "time"

const (
	// MaxAge is how far auth_timestamp may be from the server's clock, to
	// either side (Pusher docs, "Authentication": 600 seconds).
	MaxAge = 600 * time.Second

	// Version is the only auth_version there is.
	Version = "1.0"

	// maxShown is how much of the text to sign an error shows, in bytes:
	// enough for any request that a library makes, and not a mirror for
	// whatever is sent.
	maxShown = 1024
)

// The parameters of the signature.
const (
	paramKey       = "auth_key"
	paramTimestamp = "auth_timestamp"
	paramVersion   = "auth_version"
	paramBodyMD5   = "body_md5"
	paramSignature = "auth_signature"
)
