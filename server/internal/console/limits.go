package console

import "time"

const (
	// window is the time in which rows are counted against rowsPerWindow: more
	// than a reader can follow, and what a page can draw without effort. Each
	// kind may have reservedRows of its own on top, so that a flood of one kind
	// hides no other.
	window        = time.Second
	rowsPerWindow = 50
	reservedRows  = 2

	// maxData is how many bytes of a payload are shown. It is what the data of an
	// event may have by default.
	maxData = 10 << 10

	// maxText bounds each of the other texts of a row in bytes; the names of the
	// protocol are shorter.
	maxText = 400

	// maxQueue is how many bytes of rows wait for one page; what comes on top is
	// left out and counted. It holds some seconds of rows as they mostly are.
	maxQueue = 256 << 10

	// maxWatchers is how many pages may watch at once. Each takes twice maxQueue
	// at most, and the time to look at every event.
	maxWatchers = 16

	// flushEvery is how long rows wait for others to be sent with, and tickEvery
	// is how often the counts are sent; the page takes their absence for a lost
	// connection.
	flushEvery = 100 * time.Millisecond
	tickEvery  = time.Second

	// writeTimeout bounds one write to a page that has stopped reading.
	writeTimeout = 10 * time.Second

	// maxRows is how long a list is that the page asks for.
	maxRows = 200

	// maxBody bounds a request of the page in bytes, beside the data of an event
	// that it publishes.
	maxBody = 64 << 10

	// sessionTime is how long a login lasts, and maxSessions how many count at
	// once; the oldest goes for a new one.
	sessionTime = 12 * time.Hour
	maxSessions = 100

	// freeAttempts is how many wrong passwords may come from one address before
	// it has to wait, and attemptEvery how long for each further one. maxAddresses
	// are remembered; the rest share one allowance.
	freeAttempts = 5
	attemptEvery = 10 * time.Second
	maxAddresses = 1000

	// MinPassword is how many bytes a password has at least.
	MinPassword = 8
)
