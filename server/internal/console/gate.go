package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// gate checks passwords, and remembers who has shown the right one.
type gate struct {
	password string

	mu       sync.Mutex
	sessions map[[sha256.Size]byte]time.Time // until when; the keys are of the tokens
	failures map[string]*rate.Limiter        // by address
	crowd    *rate.Limiter                   // for addresses beyond maxAddresses
}

// login checks a password. It returns the token of a new session, or how long
// this address has to wait before it is heard again; zero means that the
// password is wrong and that another one may be tried at once.
func (g *gate) login(password, address string, now time.Time) (token string, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	attempts := g.attempts(address, now)
	if tokens := attempts.TokensAt(now); tokens < 1 {
		return "", time.Duration((1 - tokens) * float64(attemptEvery))
	}
	if !same(password, g.password) {
		attempts.AllowN(now, 1)
		return "", 0
	}
	token = rand.Text() + rand.Text()
	g.admit(token, now)
	return token, 0
}

// attempts returns what counts the wrong passwords of an address. Those that
// have had time enough are forgotten when there are too many.
func (g *gate) attempts(address string, now time.Time) *rate.Limiter {
	if one := g.failures[address]; one != nil {
		return one
	}
	if g.failures == nil {
		g.failures = make(map[string]*rate.Limiter)
		g.crowd = rate.NewLimiter(rate.Every(attemptEvery), freeAttempts)
	}
	if len(g.failures) >= maxAddresses {
		for old, one := range g.failures {
			if one.TokensAt(now) >= freeAttempts {
				delete(g.failures, old)
			}
		}
		if len(g.failures) >= maxAddresses {
			return g.crowd
		}
	}
	one := rate.NewLimiter(rate.Every(attemptEvery), freeAttempts)
	g.failures[address] = one
	return one
}

// same compares in constant time, whatever the lengths are.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// admit remembers a session; the oldest goes when there are too many.
func (g *gate) admit(token string, now time.Time) {
	if g.sessions == nil {
		g.sessions = make(map[[sha256.Size]byte]time.Time)
	}
	for len(g.sessions) >= maxSessions {
		var oldest [sha256.Size]byte
		var ends time.Time
		for key, end := range g.sessions {
			if ends.IsZero() || end.Before(ends) {
				oldest, ends = key, end
			}
		}
		delete(g.sessions, oldest)
	}
	g.sessions[sha256.Sum256([]byte(token))] = now.Add(sessionTime)
}

// knows says whether a token is that of a session. It is looked up by its hash,
// so that the time tells nothing about tokens that there are.
func (g *gate) knows(token string, now time.Time) bool {
	key := sha256.Sum256([]byte(token))
	g.mu.Lock()
	defer g.mu.Unlock()
	ends, ok := g.sessions[key]
	if ok && !now.Before(ends) {
		delete(g.sessions, key)
		ok = false
	}
	return ok
}

// logout ends a session.
func (g *gate) logout(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sessions, sha256.Sum256([]byte(token)))
}
