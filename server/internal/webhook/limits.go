package webhook

import "time"

const (
	// hold is how long channel_vacated and member_removed wait for the client to
	// come back (Pusher docs, "Webhooks": up to three seconds).
	hold = 3 * time.Second

	// restartHold is the same for who was there when the process before this one
	// ended. Clients wait a second or two before they connect again, longer after
	// each attempt that fails, and all come at once.
	restartHold = 10 * time.Second

	// keepTrying is for how long a webhook is tried (Pusher docs, "Webhooks").
	keepTrying = 5 * time.Minute

	// firstDelay doubles with each failure up to mostDelay: some ten attempts in
	// five minutes.
	firstDelay = time.Second
	mostDelay  = time.Minute

	// DefaultTimeout bounds one request, from dialling to the last byte read.
	DefaultTimeout = 10 * time.Second

	// idleTimeout is how long a connection is kept for the next request.
	idleTimeout = 90 * time.Second

	// requestsAtOnce is how many requests to one endpoint run at once, for
	// different channels: at 50 ms each it is 160 webhooks in a second.
	requestsAtOnce = 8

	// A batch stays below the 100 KB that the commonest JSON readers of web
	// frameworks take, unless one event alone has more.
	batchEvents = 100
	batchBytes  = 64 << 10

	// DefaultLimit is how many bytes may wait for one endpoint: about 200,000
	// small events.
	DefaultLimit = 64 << 20

	// overhead is about what an event takes in memory beside its texts.
	overhead = 200

	// toldBytes bounds, for each application, what has been told and is not yet
	// queued; it waits only while the store is slow.
	toldBytes = 16 << 20

	// commitEvery keeps commits apart that are each worth a few milliseconds of
	// the disk's time: what comes in between goes into the next one. doneEvery is
	// the same for what was delivered, which is only worth a duplicate.
	commitEvery = 10 * time.Millisecond
	doneEvery   = 250 * time.Millisecond

	// retryCommit is how long a store that has failed is left alone.
	retryCommit = time.Second

	// unsavedBytes bounds what waits for a store that fails, beside the events,
	// which are bounded themselves.
	unsavedBytes = 16 << 20

	// logEvery keeps an overflow from filling the log.
	logEvery = 10 * time.Second

	// openTimeout is how long the lock of the store's file is waited for: a
	// process that is just ending lets go of it.
	openTimeout = time.Second

	// answerBytes is how much of an answer is read so that its connection can be
	// used again.
	answerBytes = 64 << 10
)
