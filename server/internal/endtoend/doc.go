// Package endtoend holds the tests that take both sides: the client against
// the broker, over real sockets, with things breaking in between.
package endtoend
