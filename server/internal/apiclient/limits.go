package apiclient

import "time"

const (
	// defaultTimeout bounds a call of a Client without HTTP: far more than any
	// answer takes, and still what a person at a terminal waits for.
	defaultTimeout = 10 * time.Second

	// maxAnswer is the largest answer read, in bytes: some 40,000 channels
	// with names of the longest kind.
	maxAnswer = 8 << 20

	// maxErrorBody is how much of the body of an error is read, in bytes, and
	// maxErrorShown how much of it the text of the error shows.
	maxErrorBody  = 4 << 10
	maxErrorShown = 500
)
