package websocket

// Error is a breach of the protocol by the peer: Code is what to close with.
type Error struct {
	Code   int
	Reason string
}

func (e *Error) Error() string { return "websocket: " + e.Reason }

var (
	ErrReserved     = &Error{CodeProtocol, "reserved bits set without an extension"}
	ErrOpcode       = &Error{CodeProtocol, "unknown opcode"}
	ErrMasked       = &Error{CodeProtocol, "frame from a server is masked"}
	ErrUnmasked     = &Error{CodeProtocol, "frame from a client is not masked"}
	ErrLength       = &Error{CodeProtocol, "length not in its shortest form"}
	ErrControl      = &Error{CodeProtocol, "control frame fragmented or longer than 125 bytes"}
	ErrContinuation = &Error{CodeProtocol, "continuation without a message to continue"}
	ErrInterleaved  = &Error{CodeProtocol, "new message before the last fragment of another"}
	ErrClosePayload = &Error{CodeProtocol, "close frame with half a code"}
	ErrCloseCode    = &Error{CodeProtocol, "close code that may not be sent"}
	ErrUTF8         = &Error{CodeInvalidData, "text is not valid UTF-8"}
	ErrTooBig       = &Error{CodeTooBig, "message too big"}
)
