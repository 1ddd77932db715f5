package broker

import "github.com/thimble-go/thimble/server/internal/peer"

// app is one application at work.
type app struct {
	App
	broker   *Broker
	settings *peer.Settings
	hub      *hub
}

// secret is for the verification of requests.
func (a *app) secret(key string) (string, bool) {
	return a.Secret, key == a.Key
}
