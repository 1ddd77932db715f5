// Package wire reads and writes the Pusher Channels envelope, for both roles
// and without allocating.
//
// The mental model: a message is one JSON object in a buffer that belongs to
// somebody else. Parse walks over it once, checks all of it, and leaves slices
// of that buffer in a Message; strings are unescaped in place, which never
// makes them longer. Nothing in a Message outlives the buffer. Object and
// Value walk over nested JSON in the same manner, for the payloads of
// protocol events. The Append functions write the other way.
//
// Input must be valid UTF-8: the WebSocket layer has checked that already.
// What comes from elsewhere (an authorization answer) is checked with Valid.
package wire
