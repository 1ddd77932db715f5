package console

// Broker is what a Console shows of a broker, and does with it. Secrets are no
// part of it. All methods may be called from any goroutine.
type Broker interface {
	// Observe begins or ends the telling of events. The Console calls it when the
	// first watcher comes and when the last one has gone.
	Observe(on bool)

	// Apps returns the applications, in a stable order.
	Apps() []App

	// Stats returns the counts of an application; false if there is none.
	Stats(app string) (Stats, bool)

	// Channels returns the channels whose names contain part, at most limit of
	// them, and how many there are.
	Channels(app, part string, limit int) (list []Channel, total int)

	// Members returns who is on a presence channel, at most limit of them.
	Members(app, channel string, limit int) []Member

	// Connections returns those of which the socket id, the address or the user
	// contains part, the newest first and at most limit of them, and how many
	// there are.
	Connections(app, part string, limit int) (list []Connection, total int)

	// Disconnect closes a connection, and says whether there was one. The client
	// comes back at once if it may.
	Disconnect(app, socketID string, mayReturn bool) bool

	// Publish sends an event, and returns to how many subscribers. Its errors are
	// for whoever has sent it.
	Publish(app string, p Publication) (subscribers int, err error)
}

// App is an application.
type App struct {
	ID       string `json:"id"`
	Key      string `json:"key"` // the public one
	Disabled bool   `json:"disabled"`
	MaxData  int    `json:"max_data"` // bytes of the data of an event
}

// Stats are counts of an application. Those of messages only grow.
type Stats struct {
	Connections int   `json:"connections"`
	Channels    int   `json:"channels"`
	MessagesIn  int64 `json:"in"`
	MessagesOut int64 `json:"out"`
}

// Channel is an occupied channel.
type Channel struct {
	Name        string `json:"name"`
	Connections int    `json:"connections"`
	Users       int    `json:"users"` // on a presence channel
}

// Member is a user on a presence channel.
type Member struct {
	ID          string `json:"id"`
	Info        string `json:"info"` // JSON, or empty
	Connections int    `json:"connections"`
}

// Connection is one client.
type Connection struct {
	SocketID string   `json:"socket"`
	User     string   `json:"user"` // signed in, or as whom on a presence channel
	Remote   string   `json:"remote"`
	Seconds  int64    `json:"seconds"` // since it came
	Queued   int      `json:"queued"`  // bytes that wait to be sent
	Channels []string `json:"channels"`
	Total    int      `json:"total"` // of its channels
}

// Publication is an event to send.
type Publication struct {
	Channels []string `json:"channels"`
	Event    string   `json:"event"`
	Data     string   `json:"data"`
	// Client makes it an event as a client sends it: on one private or presence
	// channel, with a name that begins with client-.
	Client bool `json:"client"`
}
