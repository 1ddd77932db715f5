// Package check finds out why a client gets no events: it goes the way of a
// connection step by step, from the name of the server to an event that
// arrives, and says in plain words what is wrong where, and what to do.
//
// A step that needs one that has failed is skipped, and so is one that lacks
// what it would take; the others are done in any case. Nothing is published on
// channels that the caller has named, and no secret, token or signature is part
// of a Result.
package check
