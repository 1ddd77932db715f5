// Package websocket is RFC 6455 without I/O, for both roles: one parser, one
// writer, one handshake each.
//
// The mental model: whoever owns the connection owns a buffer. It reads bytes
// to its end and calls Parser.Next with what it holds; Next says how many
// bytes it is done with and what it found: a message, a control frame, or
// nothing yet. A message is a slice of that buffer, unmasked in place, so a
// message that arrives whole costs no copy. Only fragments are collected, in
// memory that is bounded before it is allocated.
//
// The parser is strict, since what it lets pass is forwarded to others: masks
// in the right direction, lengths in their shortest form, control frames whole
// and short, text in valid UTF-8 and refused at the first octet that cannot be
// part of it, close codes that may stand on the wire. Extensions are never
// offered, so reserved bits are errors.
package websocket
