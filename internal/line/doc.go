// Package line carries sockets over a serial line that loses, changes and
// invents bytes. Both ends use it: a board that has no network of its own, and
// the computer at the other end of the cable that opens the real connections.
//
// Like the session of the client it has no I/O, no goroutine and no clock:
// bytes and time go in, bytes and the next deadline come out.
//
//	sockets    Open, Accept, Read, Write, Close; credit for each direction
//	messages   OPEN, OPENED, DATA, CREDIT, END, CLOSE: in order, none lost
//	frames     numbered, acknowledged, sent again; a session number in each
//	bytes      COBS between zeros, with a CRC-32
//
// A session lives as long as both ends remember it. Whoever has restarted does
// not know its number, which the other notices at the next frame: all sockets
// are reset then, at both ends. docs/serial.md has the format byte by byte.
package line
