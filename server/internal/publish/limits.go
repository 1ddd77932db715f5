package publish

const (
	// MaxBatch is how many events go in one request, each to one channel
	// (Pusher HTTP API, "POST batch events").
	MaxBatch = 10

	// MaxChannels is to how many channels one event can go (Pusher HTTP API,
	// "POST event").
	MaxChannels = 100

	// MaxData bounds a text or a line that is read, and what a template gives,
	// in bytes. The service takes 10 KB, other servers what they are set to.
	MaxData = 1 << 20
)
