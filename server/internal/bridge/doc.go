// Package bridge is the computer's end of a serial line: it opens the
// connections that a board asks for (package serialnet is the board's end) and
// carries their data, to the destinations that are allowed and nowhere else.
//
// A Bridge serves one line at a time. Each connection has three goroutines,
// the line two more; all share the one lock of a link, and wait on its
// condition.
package bridge
