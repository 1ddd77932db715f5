package thimble

import (
	"context"
	"errors"

	"github.com/thimble-go/thimble/internal/session"
)

// AuthRequest is what an Authorizer is asked: may this connection join this
// channel?
type AuthRequest struct {
	SocketID string
	Channel  string
}

// Token is an Authorizer's yes.
type Token struct {
	// Auth is KEY:SIGNATURE.
	Auth string
	// ChannelData is the text that was signed with it, exactly as it was; a
	// presence channel needs it, with the member's user_id and user_info.
	ChannelData string
	// SharedSecret is the key of an encrypted channel, 32 bytes. It stays on
	// this side of the connection. The client overwrites it once it has a copy.
	SharedSecret []byte
}

// UserToken is a UserAuthorizer's yes.
type UserToken struct {
	// Auth is KEY:SIGNATURE.
	Auth string
	// UserData is the text that was signed with it, exactly as it was: a JSON
	// object with the user's id.
	UserData string
}

// UserAuthorizer gets tokens for signing a user in, for the connection with
// that socket id. What is said of an Authorizer holds for it too.
type UserAuthorizer interface {
	AuthorizeUser(ctx context.Context, socketID string) (UserToken, error)
}

// Authorizer gets tokens for private and presence channels. It is called on a
// goroutine of its own, for several channels at the same time, and should
// return when ctx ends. A token is for one connection, so it is asked again on
// each. See AuthError for how to say that trying again is in vain.
type Authorizer interface {
	Authorize(ctx context.Context, req AuthRequest) (Token, error)
}

// AuthorizerFunc is a function as an Authorizer.
type AuthorizerFunc func(ctx context.Context, req AuthRequest) (Token, error)

// Authorize calls f.
func (f AuthorizerFunc) Authorize(ctx context.Context, req AuthRequest) (Token, error) {
	return f(ctx, req)
}

// job is one authorization to be done.
type job struct {
	ch     *Channel
	req    AuthRequest
	ticket uint32
	ctx    context.Context
	cancel context.CancelFunc
}

// authorize has a token fetched beside the driver. The lock is held.
func (c *Client) authorize(ev *session.Event) {
	ch := ev.Channel.Owner.(*Channel)
	ctx, cancel := context.WithCancel(c.scope)
	ch.cancel = cancel
	c.jobs = append(c.jobs, job{ch, AuthRequest{ev.SocketID, ev.Channel.Name}, ev.Ticket, ctx, cancel})
	if c.workers < maxWorkers {
		c.workers++
		c.tasks.Add(1)
		go c.work()
	}
}

// work does what authorizations there are, and ends.
func (c *Client) work() {
	defer c.tasks.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.jobs) > 0 {
		j := c.jobs[0]
		c.jobs[0] = job{}
		if c.jobs = c.jobs[1:]; len(c.jobs) == 0 {
			c.jobs = nil
		}
		c.mu.Unlock()
		token, err := c.ask(j)
		c.mu.Lock()
		j.cancel()
		c.session.Authorized(c.now(), j.ch.state, j.ticket, session.Token(token), err)
		clear(token.SharedSecret)
		c.settle()
	}
	c.workers--
}

var errAuthTimeout = errors.New("thimble: no answer within Config.AuthTimeout")

// ask calls the Authorizer, within its time.
func (c *Client) ask(j job) (token Token, err error) {
	if j.ctx.Err() != nil {
		return Token{}, j.ctx.Err() // nobody waits for it any more
	}
	c.log(Record{Level: LevelDebug, Message: "authorizing", Channel: j.req.Channel})
	ctx, cancel := context.WithTimeout(j.ctx, c.cfg.AuthTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &AuthError{Permanent: true, Err: &PanicError{"authorization", v}}
		}
	}()
	token, err = c.cfg.Authorizer.Authorize(ctx, j.req)
	switch {
	case err != nil && (ctx.Err() == context.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded)):
		return Token{}, &AuthError{Err: errAuthTimeout}
	case err != nil:
		var typed *AuthError
		if errors.As(err, &typed) {
			return Token{}, typed
		}
		return Token{}, &AuthError{Err: err}
	case token.Auth == "":
		return Token{}, &AuthError{Err: errNoAuth}
	}
	return token, nil
}
