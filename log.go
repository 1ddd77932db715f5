package thimble

import (
	"strconv"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// Level is how much a Record matters. The values are those of log/slog.
type Level int8

// The levels.
const (
	LevelDebug Level = -4 // every message, dial and authorization
	LevelInfo  Level = 0  // the connection's states and subscriptions
	LevelWarn  Level = 4  // what went wrong and is tried again
	LevelError Level = 8  // what went wrong and needs somebody
)

func (l Level) String() string {
	switch {
	case l < LevelInfo:
		return "DEBUG"
	case l < LevelWarn:
		return "INFO"
	case l < LevelError:
		return "WARN"
	}
	return "ERROR"
}

// Logger is told what happens: see Config.Logger. SlogLogger makes one of
// log/slog; on a board, func(r thimble.Record) { println(r.String()) } is one.
type Logger func(Record)

// Record is one thing that happened. Fields that do not apply are zero.
type Record struct {
	Level   Level
	Message string
	Channel string
	Event   string        // an event's name
	Size    int           // of its data, in bytes
	Retry   time.Duration // until the next attempt
	Gap     time.Duration // that a subscription ends
	Err     error
}

// String returns the record as a line of text: "INFO subscribed channel=news".
func (r Record) String() string {
	s := r.Level.String() + " " + r.Message
	if r.Channel != "" {
		s += " channel=" + quoted(r.Channel)
	}
	if r.Event != "" {
		s += " event=" + quoted(r.Event)
	}
	if r.Size != 0 {
		s += " size=" + strconv.Itoa(r.Size)
	}
	if r.Retry != 0 {
		s += " retry=" + r.Retry.String()
	}
	if r.Gap != 0 {
		s += " gap=" + r.Gap.String()
	}
	if r.Err != nil {
		s += " error=" + quoted(r.Err.Error())
	}
	return s
}

// quoted keeps what a peer has named from looking like something else in a
// log: another line above all.
func quoted(s string) string {
	if s != "" && printable(s, ` "`) {
		return s
	}
	return strconv.Quote(s)
}

// log tells the Logger. The lock is not held: it may call what it likes.
func (c *Client) log(r Record) {
	if c.cfg.Logger == nil || r.Level < c.cfg.LogLevel {
		return
	}
	defer func() { _ = recover() }() // there is nobody to tell
	c.cfg.Logger(r)
}

// logEvent tells the Logger of an event of the session.
func (c *Client) logEvent(ev *session.Event, e *Event) {
	r := Record{Channel: e.Channel, Err: ev.Err, Retry: ev.Retry, Gap: ev.Gap}
	switch ev.Kind {
	case session.Message:
		r.Level, r.Message, r.Event, r.Size = LevelDebug, "received", e.Name, len(e.Data)
	case session.StateChanged:
		r.Message = ev.State.String()
		switch {
		case ev.State == session.Failed:
			r.Level = LevelError
		case ev.State == session.Unavailable || ev.Err != nil:
			r.Level = LevelWarn
		}
	case session.Failure:
		r.Level, r.Message = LevelWarn, "failure"
	case session.Subscribed:
		r.Message = "subscribed"
	case session.SubscriptionFailed:
		r.Level, r.Message = LevelWarn, "not subscribed"
		if ev.Retry == 0 {
			r.Level = LevelError
		}
	case session.UserMessage:
		r.Level, r.Message, r.Event, r.Size = LevelDebug, "received", e.Name, len(e.Data)
	case session.SignedIn:
		r.Message = "signed in"
	case session.SignInFailed:
		r.Level, r.Message = LevelWarn, "not signed in"
		if ev.Retry == 0 {
			r.Level = LevelError
		}
	case session.Watchlist:
		r.Level, r.Message, r.Event, r.Size = LevelDebug, "watchlist", ev.Watchlist.Name, len(ev.Watchlist.UserIDs)
	case session.DecryptionFailed:
		r.Level, r.Message = LevelWarn, "not decrypted"
	case session.MemberAdded, session.MemberRemoved:
		r.Level, r.Message, r.Event = LevelDebug, "member", e.Name
	}
	c.log(r)
}
