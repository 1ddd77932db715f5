package thimble

import (
	"context"

	"github.com/thimble-go/thimble/internal/session"
)

// User is the user whom a client is signed in as, or is not. Its methods may be
// called from any goroutine.
type User struct {
	client   *Client
	handlers bindings
	watchers []func(WatchlistEvent)
	cancel   func() // of the authorization under way, or nil
	calls    int    // of the UserAuthorizer that have not returned

	authorize func(c *Client, socketID string, ticket uint32) // set by SignIn; see session.Part
}

// WatchlistEvent says that users on the signed-in user's watchlist came online
// or went offline: Name is "online" or "offline", UserIDs says who. Servers may
// have other names.
type WatchlistEvent = session.WatchlistEvent

// SignIn signs the user in for whom Config.UserAuthorizer has a token: now if
// there is a connection, and on every connection to come, until SignOut. What
// comes of it reaches handlers of EventSignedIn and EventSignInError, and
// User.Err. Signing in twice is the same as once; after a refusal it tries
// again. The only error is ErrNoUserAuthorizer.
func (c *Client) SignIn() error {
	c.mu.Lock()
	c.user.authorize = (*Client).authorizeUser
	err := c.session.SignIn(c.now())
	c.settle()
	c.mu.Unlock()
	return err
}

// SignOut takes SignIn back. Once it returns nothing that is for the user
// reaches a handler any more, except what is being handled. The protocol has
// no way to tell the server, for which the connection stays the user's until
// it ends: Disconnect and Connect to be rid of it at once.
func (c *Client) SignOut() {
	c.mu.Lock()
	c.session.SignOut(c.now())
	if c.user.cancel != nil {
		c.user.cancel()
	}
	c.settle()
	c.mu.Unlock()
}

// User returns the client's user. There is one object, which keeps its
// handlers for as long as the client lives, whoever is signed in.
func (c *Client) User() *User { return &c.user }

// ID returns the id of the user who is signed in on the present connection,
// empty if none is.
func (u *User) ID() string {
	u.client.mu.Lock()
	defer u.client.mu.Unlock()
	id, _ := u.client.session.User()
	return id
}

// SignedIn says whether the server has confirmed the sign-in on the present
// connection.
func (u *User) SignedIn() bool { return u.ID() != "" }

// Data returns the data of the user who is signed in, as JSON text: an object
// with the id and whatever the authorization endpoint has put there.
func (u *User) Data() string {
	u.client.mu.Lock()
	defer u.client.mu.Unlock()
	_, data := u.client.session.User()
	return data
}

// Err returns why the user is not signed in: a *SignInError, or nil if nothing
// has failed.
func (u *User) Err() error {
	u.client.mu.Lock()
	defer u.client.mu.Unlock()
	return u.client.session.UserErr()
}

// Bind calls fn for events of that name that a server sends to this user, on
// whichever of his connections, and for EventSignedIn and EventSignInError. A
// name that ends with * stands for all that start so.
func (u *User) Bind(event string, fn Handler) Binding {
	return u.client.add(&u.handlers, &binding{name: event, fn: fn})
}

// BindAll calls fn for every event of the user.
func (u *User) BindAll(fn Handler) Binding { return u.Bind("*", fn) }

// OnWatchlist calls fn when users on the user's watchlist, which the
// authorization endpoint signs with his data, come online or go offline. After
// each sign-in the first call says who is online.
func (u *User) OnWatchlist(fn func(WatchlistEvent)) {
	if fn == nil {
		return
	}
	u.client.mu.Lock()
	u.watchers = append(u.watchers[:len(u.watchers):len(u.watchers)], fn)
	u.client.mu.Unlock()
}

// authorizeUser has a token fetched beside the driver. The lock is held.
func (c *Client) authorizeUser(socketID string, ticket uint32) {
	if c.user.calls >= maxCalls {
		c.session.AuthorizedUser(c.now(), ticket, session.UserToken{}, errNoReturn)
		return
	}
	ctx, cancel := newScope(c.scope)
	c.user.cancel = cancel
	c.user.calls++
	c.tasks.Add(1)
	go func() {
		defer c.tasks.Done()
		defer cancel()
		token, err := UserToken{}, errNoAnswer
		defer func() { // even if the UserAuthorizer ends this goroutine
			c.mu.Lock()
			defer c.mu.Unlock()
			c.user.calls--
			c.session.AuthorizedUser(c.now(), ticket, session.UserToken(token), err)
			c.settle()
		}()
		token, err = c.askUser(ctx, socketID)
	}()
}

// askUser calls the UserAuthorizer, within its time.
func (c *Client) askUser(ctx context.Context, socketID string) (token UserToken, err error) {
	c.log(Record{Level: LevelDebug, Message: "authorizing the user"})
	ctx, cancel := timedScope(ctx, c.cfg.AuthTimeout)
	defer cancel()
	defer recovered(&err)
	token, err = c.cfg.UserAuthorizer.AuthorizeUser(ctx, socketID)
	if _, err = checked(ctx, Token{Auth: token.Auth}, err); err != nil {
		return UserToken{}, err
	}
	return token, nil
}

// watch calls the handlers of watchlist events. The lock is not held.
func (c *Client) watch(watchers []func(WatchlistEvent), ev WatchlistEvent) {
	for _, fn := range watchers {
		c.guard("watchlist", func() { fn(ev) })
	}
}
