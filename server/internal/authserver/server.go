package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/thimble-go/thimble/channelauth"
)

// Config says whom to let in where. Key and Secret are required.
type Config struct {
	Key, Secret string

	// MasterKey makes the keys of encrypted channels, 32 bytes. Nil: those are
	// refused.
	MasterKey []byte

	// Rules say who may join what. Nil: everybody may join everything, as
	// whoever he says, which is for development only.
	Rules *Rules

	// Origins are the web origins whose pages may ask, such as
	// "https://example.com". Empty: no page of another origin can.
	Origins []string

	// Logger hears of refusals. Nil: silent.
	Logger *slog.Logger
}

// The paths where the official clients ask.
const (
	ChannelPath = "/pusher/auth"
	UserPath    = "/pusher/user-auth"
)

// about is what GET / says.
const about = `This is the authorization endpoint of thimble auth-server.

POST ` + ChannelPath + `       channels: socket_id, channel_name
POST ` + UserPath + `  sign-in: socket_id
`

// New returns the endpoint.
func New(cfg Config) (http.Handler, error) {
	decide := everybody
	if cfg.Rules != nil {
		decide = cfg.Rules.decide
	}
	endpoint, err := channelauth.NewHandler(channelauth.Config{
		Key: cfg.Key, Secret: cfg.Secret, EncryptionMasterKey: cfg.MasterKey,
		AllowedOrigins: cfg.Origins, Authorize: decide, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(ChannelPath, endpoint)
	mux.Handle(UserPath, endpoint)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, about)
	})
	return mux, nil
}

// decide looks the user up by the token.
func (r *Rules) decide(request *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
	var user *User
	token, shown := bearer(request)
	if shown {
		user = r.byToken[sha256.Sum256([]byte(token))]
	}
	switch {
	case shown && user == nil:
		return channelauth.Grant{}, fmt.Errorf("%w: nobody has this token", channelauth.ErrForbidden)
	case user == nil && (ask.SignIn() || ask.Kind == channelauth.Presence):
		return channelauth.Grant{}, fmt.Errorf("%w: it takes a user, who sends Authorization: Bearer TOKEN", channelauth.ErrForbidden)
	case ask.SignIn(), allows(r.Anyone, ask.Channel):
	case user == nil:
		return channelauth.Grant{}, fmt.Errorf("%w: no rule lets anyone in without a token", channelauth.ErrForbidden)
	case !allows(user.Channels, ask.Channel):
		return channelauth.Grant{}, fmt.Errorf("%w: no rule lets %s in", channelauth.ErrForbidden, user.ID)
	}
	if user == nil {
		return channelauth.Grant{}, nil
	}
	grant := channelauth.Grant{UserID: user.ID, Watchlist: user.Watchlist}
	if user.Info != nil {
		grant.UserInfo = user.Info
	}
	return grant, nil
}

func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// everybody lets everybody in, as whom the fields user_id and user_info of the
// request say, and without them as a guest.
func everybody(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
	grant := channelauth.Grant{UserID: ask.Params.Get("user_id")}
	if grant.UserID == "" {
		grant.UserID = "guest-" + ask.SocketID
	}
	if info := ask.Params.Get("user_info"); info != "" {
		if !json.Valid([]byte(info)) {
			return grant, fmt.Errorf("%w: user_info is not JSON", channelauth.ErrForbidden)
		}
		grant.UserInfo = json.RawMessage(info)
	}
	return grant, nil
}

// What a request may take: it is a few hundred bytes, and the answer is made
// of what is at hand.
const (
	headTimeout = 5 * time.Second
	bodyTimeout = 15 * time.Second
	idleTimeout = 75 * time.Second // official clients keep connections
	maxHeader   = 16 << 10
)

// Serve serves the endpoint until ctx ends, and then takes at most end for the
// requests that are there.
func Serve(ctx context.Context, l net.Listener, h http.Handler, end time.Duration) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headTimeout, ReadTimeout: bodyTimeout, WriteTimeout: bodyTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // what peers get wrong is theirs
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.Background(), end)
	defer cancel()
	if server.Shutdown(bounded) != nil {
		server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
