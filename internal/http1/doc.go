// Package http1 writes one HTTP/1.1 request and reads one response, without
// doing any input or output itself (RFC 9110, RFC 9112).
//
// It is the client side only, and only as much of it as a device needs to ask
// an authorization endpoint for a token and to read the answer to a WebSocket
// upgrade. The caller owns the connection, the deadlines and the buffers:
//
//	SplitURL ──> Address to dial, Host and Target for the request
//	AppendRequest ──> bytes to write to the connection
//	bytes read from the connection ──> Reader.Feed ... until Reader.Done
//	the connection ended ──> Reader.End
//
// A WebSocket client has no use for a body, and calls [ParseHead] alone: what
// follows the head is already another protocol.
//
// The package trusts neither side. A request is refused as a whole if any part
// of it could end a line or start a field, so text from outside can be placed
// in a field value or, with [AppendForm], in a body. A response is refused as
// soon as two readers could disagree on where it ends (RFC 9112 11.2), even
// where the RFC lets a recipient guess:
//
//   - lines end in CRLF, never in a bare LF (RFC 9112 2.2 allows either choice);
//   - folded field lines are refused, not unfolded (RFC 9112 5.2);
//   - Content-Length appears once, and not beside Transfer-Encoding;
//   - chunked is the only transfer coding, and not in HTTP/1.0;
//   - a chunk size is followed at once by CRLF or ";", without blanks.
//
// One thing that is wrong but cannot be misread is let through: a status line
// that ends after the status code, without the space before an empty reason.
//
// Every error is final for the connection: where the next response would begin
// is no longer known. No error text contains anything of the message, so that
// errors can be logged beside secrets.
package http1
