package session

import "github.com/thimble-go/thimble/internal/wire"

// Members calls do for each member of a presence channel, in no order.
func (ch *Channel) Members(do func(Member)) {
	for id, info := range ch.members {
		do(Member{id, info})
	}
}

// Member returns the member with that id.
func (ch *Channel) Member(id string) (Member, bool) {
	info, ok := ch.members[id]
	return Member{id, info}, ok
}

// MemberCount returns how many members a presence channel has, as the server
// counts them, those included that are not kept; -1 if it has not said. It is 0
// unless subscribed.
func (ch *Channel) MemberCount() int { return int(ch.count) }

// Kept returns how many members Members knows.
func (ch *Channel) Kept() int { return len(ch.members) }

// Me returns the user's own id on a presence channel: the one that the
// authorization endpoint signed. It is empty unless subscribed.
func (ch *Channel) Me() string {
	if !ch.Subscribed() {
		return ""
	}
	return ch.me
}

// readPresence handles what a server says of who is there: with the
// confirmation all of them, then who comes and goes.
func (s *Session) readPresence(what Kind, ch *Channel, m *wire.Message) {
	data := m.Payload()
	switch what {
	case MemberAdded:
		s.memberAdded(ch, data)
	case MemberRemoved:
		s.memberRemoved(ch, data)
	default:
		if data == nil && len(m.Data) > 0 {
			s.fail(&MessageError{string(m.Data[:min(len(m.Data), rawShown)]), errSnapshot})
		}
		ch.untold = data.Get("presence").Kind() != wire.Object
		s.snapshot(ch, data)
		ch.compare()
	}
}

// snapshot replaces the members by those of a confirmation. Some servers send
// no ids, so the hash is what counts; without one the ids do.
func (s *Session) snapshot(ch *Channel, data wire.Value) {
	ch.members, ch.size = make(map[string]string), 0
	presence := data.Get("presence")
	hash := wire.Members(presence.Get("hash"))
	for hash.Next() {
		s.keepMember(ch, hash.Text(), info(hash.Value))
	}
	ids := wire.Elements(presence.Get("ids"))
	for ids.Next() {
		id := textOf(ids.Value)
		if _, ok := ch.members[id]; !ok {
			s.keepMember(ch, id, "")
		}
	}
	n, ok := presence.Get("count").Int()
	switch {
	case ok && n >= 0 && n <= maxCount:
		ch.count = int32(n)
	case ch.partial():
		ch.count = -1
	default:
		ch.count = int32(len(ch.members))
	}
}

// partial says that there may be more members than are kept.
func (ch *Channel) partial() bool { return ch.crowded || ch.untold }

// keepMember adds a member, or replaces his info, while there is room.
func (s *Session) keepMember(ch *Channel, id, info string) {
	if id == "" {
		return
	}
	size := ch.size + len(info)
	old, known := ch.members[id]
	if known {
		size -= len(old)
	} else {
		size += len(id)
	}
	if !known && len(ch.members) >= s.cfg.MaxMembers || size > ch.size && (size-1)/memberSize >= s.cfg.MaxMembers {
		if !ch.crowded {
			ch.crowded = true
			s.fail(&MembersError{ch.Name, s.cfg.MaxMembers})
		}
		return
	}
	ch.members[id], ch.size = info, size
}

// info copies a member's info, which is empty when there is none.
func info(v wire.Value) string {
	if v.Kind() == wire.Null {
		return ""
	}
	return string(v)
}

// userID reads the id of a member: a string, or with some servers a number.
func userID(data wire.Value) string { return textOf(data.Get("user_id")) }

// textOf returns an id, empty for what can be none.
func textOf(id wire.Value) string {
	if k := id.Kind(); k != wire.String && k != wire.Number {
		return ""
	}
	return id.Text()
}

func (s *Session) memberAdded(ch *Channel, data wire.Value) {
	id := userID(data)
	if id == "" {
		return
	}
	member := Member{id, info(data.Get("user_info"))}
	if _, known := ch.members[id]; !known && ch.count >= 0 {
		ch.count++
	}
	s.keepMember(ch, id, member.Info)
	s.events.push(MemberAdded, ch, nil).Member = member
}

func (s *Session) memberRemoved(ch *Channel, data wire.Value) {
	member, ok := ch.Member(userID(data))
	if !ok && (!ch.partial() || member.ID == "") {
		return // known, or one of those that are not kept
	}
	if ok {
		ch.size -= len(member.ID) + len(member.Info)
	}
	if ch.count > 0 {
		ch.count--
	}
	delete(ch.members, member.ID)
	s.events.push(MemberRemoved, ch, nil).Member = member
}
