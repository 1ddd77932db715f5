package demo

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Prefixes of user ids: who somebody is to the device and the page.
const (
	operatorPrefix = "operator-"
	guestPrefix    = "guest-"
	devicePrefix   = "device-"
)

// tickets makes and checks tickets. They end with the process.
type tickets struct{ key [32]byte }

func newTickets() *tickets {
	t := new(tickets)
	rand.Read(t.key[:]) // never fails
	return t
}

// issue makes a ticket for a user id.
func (t *tickets) issue(userID string) string {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write([]byte(userID))
	return userID + "." + hex.EncodeToString(mac.Sum(nil))
}

// holder returns whom a ticket is for; false for one that is not ours.
func (t *tickets) holder(ticket string) (userID string, ok bool) {
	userID, _, ok = strings.Cut(ticket, ".")
	return userID, ok && hmac.Equal([]byte(ticket), []byte(t.issue(userID)))
}

// newUserID makes up an id.
func newUserID(prefix string) string {
	var b [3]byte
	rand.Read(b[:])
	return prefix + hex.EncodeToString(b[:])
}

// mayControl says who may switch the device's LED.
func mayControl(userID string) bool { return strings.HasPrefix(userID, operatorPrefix) }
