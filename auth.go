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
// return when ctx ends. A call that does not is given up all the same: the
// channel is told, and tries again, others take the call's place, and what it
// returns later counts for nothing. Its goroutine stays, and Run waits for it
// at its end; while 64 calls stay, on boards 4, further ones fail at once. A
// token is for one connection, so it is asked again on each. See AuthError for
// how to say that trying again is in vain.
type Authorizer interface {
	Authorize(ctx context.Context, req AuthRequest) (Token, error)
}

// AuthorizerFunc is a function as an Authorizer.
type AuthorizerFunc func(ctx context.Context, req AuthRequest) (Token, error)

// Authorize calls f.
func (f AuthorizerFunc) Authorize(ctx context.Context, req AuthRequest) (Token, error) {
	return f(ctx, req)
}

// Preparer is an Authorizer that can be told that it will be asked soon. The
// client calls Prepare beside dialling, when a wanted channel needs a token, on
// a goroutine of its own: then the way to whoever makes the token can be open
// by the time the server says for which connection it is. Prepare should return
// when ctx ends, which is when the connection does, or the attempt.
type Preparer interface {
	Prepare(ctx context.Context)
}

// job is one authorization to be done.
type job struct {
	ch     *Channel
	req    AuthRequest
	ticket uint32
	ctx    context.Context
	cancel func()
}

// authPart is what a client with an Authorizer does besides; see session.Part.
type authPart struct {
	authorize func(c *Client, channel *session.Channel, socketID string, ticket uint32)
	hire      func(*Client)
	prepare   func(*Client, context.Context)
}

var authorizing = authPart{(*Client).authorize, (*Client).hire, (*Client).prepare}

// authorize has a token fetched beside the driver. The lock is held.
func (c *Client) authorize(channel *session.Channel, socketID string, ticket uint32) {
	ch := owner(channel)
	ctx, cancel := newScope(c.scope)
	ch.cancel = cancel
	c.jobs = append(c.jobs, job{ch, AuthRequest{socketID, channel.Name}, ticket, ctx, cancel})
}

// hireAny is hire, where there may be no Authorizer.
func (c *Client) hireAny() {
	if len(c.jobs) > 0 {
		c.auth.hire(c)
	}
}

// worker is a goroutine that does authorizations.
type worker struct {
	jobs []job // that it is asking for; none: it looks for some
	next *worker
}

// awaited says whether anybody waits for what a worker does. Nobody does any
// more for an Authorizer that has neither kept its time nor ended with its
// context. The lock is held.
func (c *Client) awaited(w *worker) bool {
	for _, j := range w.jobs {
		if c.session.Awaits(j.ch.state, j.ticket) {
			return true
		}
	}
	return len(w.jobs) == 0
}

// vacancies returns how many more workers there may be. Those that nobody waits
// for are not in the way of others, until there are too many of them. The lock
// is held.
func (c *Client) vacancies() int {
	free, places := maxWorkers, maxCalls
	for w := c.workers; w != nil; w = w.next {
		places--
		if c.awaited(w) {
			free--
		}
	}
	return min(free, places)
}

// hire starts the workers that the waiting authorizations need. It is called
// when no more of them follow at once, so that they can be done together. The
// lock is held.
func (c *Client) hire() {
	if len(c.jobs) == 0 {
		return
	}
	size := max(c.batch, 1)
	free := c.vacancies()
	for n := len(c.jobs); n > 0 && free > 0; n -= size {
		free--
		w := &worker{next: c.workers}
		c.workers = w
		c.tasks.Add(1)
		go c.work(w)
	}
	for w := c.workers; w != nil; w = w.next {
		if c.awaited(w) {
			return
		}
	}
	jobs := c.jobs // nobody is left who could do them
	c.jobs = nil
	c.answer(jobs, nil, errNoReturn)
}

// work does what authorizations there are, and ends.
func (c *Client) work(w *worker) {
	defer c.tasks.Done()
	var k kept
	c.mu.Lock()
	defer func() {
		// An Authorizer may have ended this goroutine, and left something.
		for at := &c.workers; *at != nil; at = &(*at).next {
			if *at == w {
				*at = w.next
				break
			}
		}
		c.answer(w.jobs, nil, errNoAnswer)
		c.hire()
		c.mu.Unlock()
	}()
	for {
		if c.vacancies() >= 0 { // else others have taken this one's place meanwhile
			w.jobs = c.take()
		}
		if len(w.jobs) == 0 && !k.held() {
			return
		}
		if len(w.jobs) == 0 {
			c.mu.Unlock()
			k.close() // and then looks again: more may have come
			c.mu.Lock()
			continue
		}
		results := c.askAll(&k, w.jobs)
		jobs := w.jobs
		w.jobs = nil
		c.answer(jobs, results, nil)
	}
}

// answer hands the answers on; without any err is that of all. The lock is held.
func (c *Client) answer(jobs []job, results []AuthResult, err error) {
	for i, j := range jobs {
		result := AuthResult{Err: err}
		if results != nil {
			result = results[i]
		}
		j.cancel()
		c.session.Authorized(c.now(), j.ch.state, j.ticket, session.Token(result.Token), result.Err)
		clear(result.Token.SharedSecret)
	}
	c.settle()
}

// take takes the next authorizations: one, or as many as one request may ask
// for. Those that nobody waits for any more are left out. The time for the answer
// begins. The lock is held.
func (c *Client) take() []job {
	var jobs []job
	for len(c.jobs) > 0 && len(jobs) < max(c.batch, 1) {
		j := c.jobs[0]
		if len(jobs) > 0 && j.req.SocketID != jobs[0].req.SocketID {
			break
		}
		c.jobs[0] = job{}
		if c.jobs = c.jobs[1:]; len(c.jobs) == 0 {
			c.jobs = nil
		}
		if j.ctx.Err() == nil {
			c.session.Asking(c.now(), j.ch.state, j.ticket)
			jobs = append(jobs, j)
		}
	}
	if len(jobs) > 0 {
		c.settle() // the driver has a deadline to keep
	}
	return jobs
}

// askAll asks for what take has taken. The lock is held, but not meanwhile.
func (c *Client) askAll(k *kept, jobs []job) []AuthResult {
	c.mu.Unlock()
	defer c.mu.Lock() // even if the Authorizer ends this goroutine
	for _, j := range jobs {
		c.log(Record{Level: LevelDebug, Message: "authorizing", Channel: j.req.Channel})
	}
	if c.batch > 0 {
		return c.askBatch(k, jobs)
	}
	token, err := c.ask(k, jobs[0])
	return []AuthResult{{token, err}}
}

// prepare has a Preparer called beside the dialling. The lock is held.
func (c *Client) prepare(ctx context.Context) {
	p, ok := c.cfg.Authorizer.(Preparer)
	if !ok || c.preparing || !c.session.WantsToken() {
		return // one that does not end with its context is not called again meanwhile
	}
	c.preparing = true
	c.tasks.Add(1)
	go func() {
		defer c.tasks.Done()
		defer func() {
			_ = recover() // the question itself will tell
			c.mu.Lock()
			c.preparing = false
			c.mu.Unlock()
		}()
		p.Prepare(ctx)
	}()
}

var errNoAnswer = final(errors.New("thimble: the authorizer has ended its goroutine in place of an answer"))

var errNoReturn = &AuthError{Err: errors.New("thimble: too many calls of the authorizer have not returned though their context has ended; have it return then")}

// ask calls the Authorizer, within its time.
func (c *Client) ask(k *kept, j job) (token Token, err error) {
	ctx, cancel := timedScope(j.ctx, c.cfg.AuthTimeout)
	defer cancel()
	defer recovered(&err)
	token, err = c.cfg.Authorizer.Authorize(k.attach(ctx), j.req)
	return checked(ctx, token, err)
}

// recovered makes an authorizer's panic an error.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = &AuthError{Permanent: true, Err: &PanicError{"authorization", v, stack()}}
	}
}

// checked makes an authorizer's answer one that the session takes.
func checked(ctx context.Context, token Token, err error) (_ Token, failure error) {
	defer recovered(&failure) // a nil *AuthError that is no nil error, say
	switch {
	case err != nil && (ctx.Err() == context.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded)):
		return Token{}, &AuthError{Err: ErrAuthTimeout}
	case err != nil:
		if typed, ok := as[*AuthError](err); ok {
			return Token{}, typed
		}
		return Token{}, &AuthError{Err: err}
	case token.Auth == "":
		return Token{}, &AuthError{Err: errNoAuth}
	}
	return token, nil
}
