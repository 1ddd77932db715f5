package peer

// Close and error codes of the protocol (Pusher protocol, "Error codes").
// 4000-4099: the client must not come back unchanged; 4100-4199: after a
// while; 4200-4299: at once; 4300-4399: an error event, never a close, because
// clients in use take 4300 and above in a close frame for a refusal.
const (
	CodeTLS                 = 4000
	CodeUnknownApp          = 4001
	CodeDisabled            = 4003
	CodeQuota               = 4004
	CodePath                = 4005
	CodeVersion             = 4006
	CodeUnsupportedProtocol = 4007
	CodeNoProtocol          = 4008
	CodeUnauthorized        = 4009
	CodeOverCapacity        = 4100
	CodeReconnect           = 4200
	CodePongMissing         = 4201
	CodeClientEvent         = 4301
	CodeWatchlist           = 4302
)

// codeNone stands for the null that the service sends where it has no code.
const codeNone = 0

// statusUnauthorized is the HTTP status in a refusal for want of a good token:
// what the client would have got from an authorization endpoint.
const statusUnauthorized = 401
