package broker

import (
	"strconv"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// presence is who is on a presence channel: users, each of whom may have
// several connections. The lock of the channel guards it.
type presence struct {
	members map[string]*member
	order   []*member

	// snapshot is the confirmation that joining clients get, kept until the
	// members change: clients come back in crowds, and many connections are of
	// users who are there already.
	snapshot []byte
}

// member is one user on one channel.
type member struct {
	id          string
	connections int
	index       int // in presence.order
	// The id and the information as they stand in payloads, encoded once.
	idJSON   []byte
	infoJSON []byte
}

// enter adds a connection of a user. The information of the first one counts.
// added says that the user was not there; a nil member that the channel is
// full.
func (p *presence) enter(who *peer.Member, limit int) (m *member, added bool) {
	if m = p.members[who.ID]; m != nil {
		m.connections++
		return m, false
	}
	if len(p.order) >= limit {
		return nil, false
	}
	m = &member{
		id:          who.ID,
		connections: 1,
		index:       len(p.order),
		idJSON:      wire.AppendString(nil, who.ID),
		infoJSON:    who.Info,
	}
	if p.members == nil {
		p.members = make(map[string]*member)
	}
	p.members[m.id] = m
	p.order = append(p.order, m)
	p.snapshot = nil
	return m, true
}

// exit takes a connection of a user away, and says whether it was the last.
func (p *presence) exit(m *member) (removed bool) {
	if m.connections--; m.connections > 0 {
		return false
	}
	last := len(p.order) - 1
	moved := p.order[last]
	p.order[m.index], moved.index = moved, m.index
	p.order[last] = nil
	p.order = p.order[:last]
	delete(p.members, m.id)
	p.snapshot = nil
	return true
}

// confirmation returns the frame that tells a client that it has joined, and
// who is there.
func (p *presence) confirmation(channel string) []byte {
	if p.snapshot != nil {
		return p.snapshot
	}
	var payload []byte
	payload = append(payload, `{"presence":{"count":`...)
	payload = strconv.AppendInt(payload, int64(len(p.order)), 10)
	payload = append(payload, `,"ids":[`...)
	for i, m := range p.order {
		if i > 0 {
			payload = append(payload, ',')
		}
		payload = append(payload, m.idJSON...)
	}
	payload = append(payload, `],"hash":{`...)
	for i, m := range p.order {
		if i > 0 {
			payload = append(payload, ',')
		}
		payload = append(payload, m.idJSON...)
		payload = append(payload, ':')
		if len(m.infoJSON) == 0 {
			payload = append(payload, "null"...)
		} else {
			payload = append(payload, m.infoJSON...)
		}
	}
	payload = append(payload, "}}}"...)
	p.snapshot = peer.EventFrame(peer.Succeeded, channel, payload)
	return p.snapshot
}

func memberAddedFrame(channel string, m *member) []byte {
	payload := append([]byte(`{"user_id":`), m.idJSON...)
	if len(m.infoJSON) > 0 {
		payload = append(payload, `,"user_info":`...)
		payload = append(payload, m.infoJSON...)
	}
	return peer.EventFrame("pusher_internal:member_added", channel, append(payload, '}'))
}

func memberRemovedFrame(channel string, m *member) []byte {
	payload := append([]byte(`{"user_id":`), m.idJSON...)
	return peer.EventFrame("pusher_internal:member_removed", channel, append(payload, '}'))
}
