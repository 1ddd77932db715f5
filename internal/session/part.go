package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// Part is a part of the protocol that many programs do without. It sets
// functions that the rest of a session calls only if they are there. So the
// linker of a board, to which every branch looks as if it might be taken,
// leaves out the parts that a program names nowhere.
type Part func(*Session)

// Tokens is for channels that are not public.
func Tokens(s *Session) { s.parts.tokens = &tokens }

// Encryption is for encrypted channels.
func Encryption(s *Session) { s.parts.encryption = &encryption }

// parts are the functions of each part; nil without it. Sign-in and backlog
// come with their first use.
type parts struct {
	tokens     *tokenPart
	encryption *encryptionPart
	user       *userPart
	backlog    *backlogPart
}

type tokenPart struct {
	start    func(*Session, time.Duration, *Channel)       // a subscription
	advance  func(*Session, time.Duration, *Channel)       // an authorization
	presence func(*Session, Kind, *Channel, *wire.Message) // Subscribed, MemberAdded or MemberRemoved
}

var tokens = tokenPart{(*Session).startAuthorized, (*Session).advanceToken, (*Session).readPresence}

type encryptionPart struct {
	rekeyed func(*Session, *Channel, Token, error)
	open    func(*Session, time.Duration, *Channel, *wire.Message) ([]byte, bool)
	release func(*Session, time.Duration)
	advance func(*Session, time.Duration, *Channel)
}

var encryption = encryptionPart{(*Session).rekeyed, (*Session).readSealed, (*Session).release, (*Session).advanceSecret}

type userPart struct {
	forget    func(*Session)
	reconcile func(*Session, time.Duration)
	advance   func(*Session, time.Duration)
	present   func(*Session, time.Duration, *Channel, Token) bool
	read      func(*Session, time.Duration, *wire.Message)
	refused   func(*Session, time.Duration, int, string) bool
}

var userParts = userPart{
	(*Session).forgetUser, (*Session).reconcileUser, (*Session).advanceUser,
	(*Session).presentUser, (*Session).readUser, (*Session).signInRefused,
}

type backlogPart struct {
	flush   func(*Session, time.Duration)
	discard func(*Session, *Channel)
}

var backlogs = backlogPart{(*Session).flushBacklog, (*Session).discard}
