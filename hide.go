//go:build !tinygo

package thimble

import "strings"

// Whoever prints a configuration or an answer, to see what is wrong with it,
// must not have tokens in the log.

// String hides the token.
func (t Token) String() string { return "thimble.Token{ChannelData:" + t.ChannelData + "}" }

// GoString is for the verb %#v, which would show the token otherwise.
func (t Token) GoString() string { return t.String() }

// String hides the token.
func (t UserToken) String() string { return "thimble.UserToken{UserData:" + t.UserData + "}" }

// GoString is for the verb %#v, which would show the token otherwise.
func (t UserToken) GoString() string { return t.String() }

// String names the endpoint and hides its query, header fields and parameters,
// any of which may hold a secret.
func (e Endpoint) String() string {
	shown := e.shown()
	if scheme, rest, ok := strings.Cut(shown, "://"); ok {
		if _, host, ok := strings.Cut(rest, "@"); ok {
			shown = scheme + "://" + host // a password has no place in the URL, but people try
		}
	}
	return "thimble.Endpoint{URL:" + shown + "}"
}

// GoString is for the verb %#v, which would show secrets otherwise.
func (e Endpoint) GoString() string { return e.String() }
