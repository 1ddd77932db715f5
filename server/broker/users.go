package broker

import (
	"sync"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// users are those who are signed in with an application, and those who are
// watched by somebody.
type users struct {
	mu   sync.Mutex
	byID map[string]*person
}

// person is one user: known while there is a connection of theirs, or one that
// watches them.
type person struct {
	clients  map[*client]struct{}
	watchers map[*client]struct{}
}

// person returns a user, who need not be known. The lock is held.
func (u *users) person(id string) *person {
	p := u.byID[id]
	if p == nil {
		p = &person{clients: make(map[*client]struct{}), watchers: make(map[*client]struct{})}
		if u.byID == nil {
			u.byID = make(map[string]*person)
		}
		u.byID[id] = p
	}
	return p
}

// size is how many are known.
func (u *users) size() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.byID)
}

// release forgets a user who is nobody's business any more. The lock is held.
func (u *users) release(id string, p *person) {
	if len(p.clients) == 0 && len(p.watchers) == 0 {
		delete(u.byID, id)
	}
}

// enter makes a connection the user's, tells those who watch the user if it is
// the first one, and tells it who of those it watches is there. was is the user
// of a connection that signs in once more, nil for all others.
func (u *users) enter(c *client, user, was *peer.User) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if was != nil {
		u.unwatch(c, was)
	} else {
		p := u.person(user.ID)
		p.clients[c] = struct{}{}
		if len(p.clients) == 1 {
			p.tell("online", user.ID)
		}
	}
	var online []string
	for _, id := range user.Watchlist {
		p := u.person(id)
		p.watchers[c] = struct{}{}
		if len(p.clients) > 0 {
			online = append(online, id)
		}
	}
	if len(online) > 0 {
		c.send(peer.WatchlistFrame("online", online...))
	}
}

// leave is the end of a connection of the user.
func (u *users) leave(c *client, user *peer.User) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.unwatch(c, user)
	p := u.person(user.ID)
	delete(p.clients, c)
	if len(p.clients) == 0 {
		p.tell("offline", user.ID)
		u.release(user.ID, p)
	}
}

// unwatch takes a connection away from whom it watches. The lock is held.
func (u *users) unwatch(c *client, user *peer.User) {
	for _, id := range user.Watchlist {
		if p := u.byID[id]; p != nil {
			delete(p.watchers, c)
			u.release(id, p)
		}
	}
}

// tell sends news of a user to those who watch.
func (p *person) tell(news, id string) {
	if len(p.watchers) == 0 {
		return
	}
	frame := peer.WatchlistFrame(news, id)
	for c := range p.watchers {
		c.send(frame)
	}
}

// terminate ends every connection of a user, and returns how many there were.
func (u *users) terminate(id string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	p := u.byID[id]
	if p == nil {
		return 0
	}
	for c := range p.clients {
		c.out.hurry(peer.RefuseTerminated)
	}
	return len(p.clients)
}
