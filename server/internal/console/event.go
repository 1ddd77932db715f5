package console

// Kind says what has happened.
type Kind uint8

// The kinds.
const (
	Connected Kind = iota
	Disconnected
	Subscribed
	Unsubscribed
	Occupied
	Vacated
	MemberAdded
	MemberRemoved
	APIMessage
	ClientMessage
	CacheMiss
	Failure
	LimitHit
	kinds // how many there are
)

var kindNames = [kinds]string{
	"connection", "disconnection", "subscribed", "unsubscribed", "occupied", "vacated",
	"member added", "member removed", "API message", "client message", "cache miss", "error", "limit hit",
}

// String returns the name that the page shows.
func (k Kind) String() string { return kindNames[k] }

// Event is one thing that has happened. What does not apply is empty.
type Event struct {
	Kind     Kind
	App      string // its id; empty is for all who watch
	SocketID string // of the connection that it is about, or that caused it
	Channel  string
	Name     string // of the event that was sent
	UserID   string
	Data     string // what was sent, or what is to be said about it
}

// ByConsole is the SocketID of what was sent from the page.
const ByConsole = "console"
