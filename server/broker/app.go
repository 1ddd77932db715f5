package broker

import "github.com/thimble-go/thimble/server/internal/peer"

// app is one application at work.
type app struct {
	App
	broker   *Broker
	settings *peer.Settings
	hub      *hub
	users    users
	replays  replays
}

// watched is a user without the watchlist, if the application has none.
func (a *app) watched(user *peer.User) *peer.User {
	if !a.Watchlists {
		user.Watchlist = nil
	}
	return user
}

// secret is for the verification of requests.
func (a *app) secret(key string) (string, bool) {
	return a.Secret, key == a.Key
}
