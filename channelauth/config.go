package channelauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// Config configures the authorization endpoint. [NewHandler] checks it once
// and keeps a copy. Printed or logged, it shows no secret.
type Config struct {
	// Key is the application's public key. Required.
	Key string

	// Secret is the application's secret. Required.
	Secret string

	// EncryptionMasterKey makes the shared secrets of private-encrypted-
	// channels: 32 random bytes, the same on every server of the application.
	// Zero: encrypted channels are refused with 403.
	EncryptionMasterKey []byte

	// Authorize decides. It runs on the request's goroutine, so any number of
	// calls may run at once. It finds the asking user in the request (a
	// cookie, a header, the context that a middleware filled); the body can be
	// read again. It is called only for a well-formed question, and never for
	// a public channel; when a request asks for several channels, for one after
	// the other.
	//
	// A nil error grants, and says in Grant who it is. An error that wraps
	// ErrForbidden refuses: the client gets 403. Any other error means that no
	// decision was possible: the client gets 500. The text of neither reaches
	// the client; both go to Logger. Required.
	Authorize func(r *http.Request, ask Ask) (Grant, error)

	// AllowedOrigins lists the web origins, besides the endpoint's own, whose
	// pages may ask: scheme, host and port if any, as in
	// "https://app.example.com". Their pages may send cookies and any header.
	// There are no wildcards. Zero: same origin only; no CORS header is sent
	// and the browser keeps other pages out.
	AllowedOrigins []string

	// Logger hears of every refusal (level Info) and failure (level Error),
	// with the reason. Tokens, secrets and the request's other fields are
	// never logged. Zero: silent.
	Logger *slog.Logger
}

// Ask is the question put to Config.Authorize.
type Ask struct {
	// SocketID is the broker's name for the client's connection.
	SocketID string

	// Channel is the channel to join. It is empty when the client wants to
	// sign in as a user instead.
	Channel string

	// Kind is the kind of Channel, and Public for a sign-in.
	Kind Kind

	// Params holds the other fields of the body. Those of a JSON body that are
	// not strings appear as their JSON text.
	Params url.Values
}

// SignIn reports whether the client wants to sign in as a user, and not to
// join a channel.
func (a Ask) SignIn() bool { return a.Channel == "" }

// Grant is a yes. Private and encrypted channels need nothing in it.
type Grant struct {
	// UserID says who it is: at most 128 characters; for a sign-in, of the
	// alphabet of channel names. Required for presence channels and sign-in,
	// unused for others.
	UserID string

	// UserInfo is what the others on a presence channel see of the user. It is
	// encoded with encoding/json, to at most 1 KB together with UserID. Zero:
	// no user_info.
	UserInfo any

	// Watchlist holds the ids of up to 100 users whose coming and going the
	// signed-in user hears of. Unused for channels. Zero: nobody.
	Watchlist []string
}

// String names the key and hides the secrets.
func (c Config) String() string { return "channelauth.Config{Key:" + c.Key + "}" }

// GoString is for the verb %#v, which would show the secrets otherwise.
func (c Config) GoString() string { return c.String() }

// LogValue keeps the secrets out of structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c Config) check() error {
	if err := (Signer{Key: c.Key, Secret: c.Secret}).check(); err != nil {
		return err
	}
	if n := len(c.EncryptionMasterKey); n != 0 && n != MasterKeySize {
		return fmt.Errorf("%w; this one has %d (a key in base64 must be decoded first)", ErrEncryptionKey, n)
	}
	if c.Authorize == nil {
		return errors.New("channelauth: set Config.Authorize, the function that decides who may join")
	}
	for _, origin := range c.AllowedOrigins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	return nil
}

// checkOrigin accepts an origin as browsers write it (RFC 6454 section 6.2);
// one written otherwise would never match.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		origin != u.Scheme+"://"+u.Host || origin != strings.ToLower(origin) {
		return fmt.Errorf("channelauth: allowed origin %q is not of the form https://host or https://host:port, in lower case and without a path", origin)
	}
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		return fmt.Errorf("channelauth: browsers leave out the usual port: write allowed origin %q without it", origin)
	}
	return nil
}
