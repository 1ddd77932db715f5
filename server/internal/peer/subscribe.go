package peer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/wire"
)

// Decline is why a subscription is refused: what the client is told in
// pusher:subscription_error.
type Decline struct {
	Type    string
	Message string
	Status  int
}

// Types of a Decline; the first and last are those of other brokers.
const (
	authError      = "AuthError"
	invalidChannel = "InvalidChannel"
	invalidMember  = "InvalidMember"
	limitReached   = "LimitReached"
)

// DeclineFull is for a presence channel that has as many members as it may.
func DeclineFull(members int) *Decline {
	return &Decline{limitReached, "The presence channel is full: it has " + strconv.Itoa(members) + " members", CodeOverCapacity}
}

func declineMany(channels int) *Decline {
	return &Decline{limitReached, "Too many subscriptions: a connection may have " + strconv.Itoa(channels) + ", unsubscribe from some first", CodeOverCapacity}
}

var (
	declineName = &Decline{
		invalidChannel,
		"Invalid channel name: 1 to " + strconv.Itoa(wire.MaxChannelName) + " characters of A-Z a-z 0-9 _ - = @ , . ;",
		CodeUnauthorized,
	}
	declineUser = &Decline{
		invalidChannel,
		"Invalid channel name: channels that begin with # are for signed-in users, and this connection is not signed in",
		CodeUnauthorized,
	}
	declineOther = &Decline{
		invalidChannel,
		"Invalid channel name: of those that begin with # a connection may have that of its own user, " + ServerToUser + "ID",
		CodeUnauthorized,
	}
)

func (p *Peer) subscribe(m *wire.Message) Action {
	payload := m.Payload()
	value := payload.Get("channel")
	if value.Kind() != wire.String {
		return p.complain(codeNone, "Invalid subscription: data needs a channel", "")
	}
	channel := value.Text()
	if why := p.checkName(channel); why != nil {
		return p.decline(channel, why)
	}
	if p.subs.find([]byte(channel)) >= 0 {
		return p.complain(codeNone, "Existing subscription to channel "+channel, channel)
	}
	if limit := p.settings.Get().MaxSubscriptions; len(p.subs.list) >= limit {
		a := p.decline(channel, declineMany(limit))
		a.Limit = LimitSubscriptions
		return a
	}

	a := Action{Kind: Subscribe, Channel: channel}
	kind := wire.KindOf(channel)
	if kind.Authorized() {
		auth, channelData := optional(payload.Get("auth")), optional(payload.Get("channel_data"))
		if why := p.authorize(channel, auth, channelData); why != nil {
			return p.decline(channel, why)
		}
		if kind == wire.Presence {
			var why *Decline
			if a.Member, why = p.member(channelData); why != nil {
				return p.decline(channel, why)
			}
		}
		p.authorizeBy = 0
	}
	if kind != wire.Presence {
		a.Frame = EventFrame(Succeeded, channel, "{}")
	}
	p.pending = a.Member.ID
	return a
}

// checkName says whether the client may ask for a channel of this name at all.
func (p *Peer) checkName(channel string) *Decline {
	switch {
	case !strings.HasPrefix(channel, "#"):
		if !wire.ValidChannel(channel) {
			return declineName
		}
	case p.user == nil:
		return declineUser
	case channel != ServerToUser+p.user.ID:
		return declineOther
	}
	return nil
}

// member is who joins a presence channel: whom the token names, or else who has
// signed in.
func (p *Peer) member(channelData string) (Member, *Decline) {
	if channelData == "" && p.user != nil {
		return Member{ID: p.user.ID, Info: p.user.Info}, nil
	}
	return parseMember(channelData)
}

// optional is the text of a value; some libraries send null for none.
func optional(v wire.Value) string {
	if v.Kind() == wire.Null {
		return ""
	}
	return v.Text()
}

// authorize checks a token. The texts are the service's, as far as they are
// known; the digest that was expected is never among them.
func (p *Peer) authorize(channel, auth, channelData string) *Decline {
	key, signature, _ := strings.Cut(auth, ":")
	message := ""
	switch signer := p.signer(key); {
	case auth == "":
		message = "Missing auth: subscribing to " + channel + " takes a token of the form KEY:SIGNATURE"
	case signer == nil:
		message = "Invalid key in subscription auth data: '" + echo(key) + "'"
	case signer.VerifyChannel(auth, p.SocketID(), channel, channelData) == nil:
		return nil
	default:
		text := channelauth.ChannelText(p.SocketID(), channel, channelData)
		message = "Invalid signature: Expected HMAC SHA256 hex digest of " + shorten(text, maxSigned) + ", but got " + echo(signature)
	}
	return &Decline{authError, message, statusUnauthorized}
}

func parseMember(channelData string) (Member, *Decline) {
	if channelData == "" {
		return Member{}, &Decline{authError, "Missing channel_data: a presence channel takes one with a user_id, as signed, or a connection that is signed in", statusUnauthorized}
	}
	member, err := channelauth.ParseMember(channelData)
	if err != nil {
		return Member{}, &Decline{invalidMember, "Invalid channel_data: it is not a JSON object with a user_id", statusUnauthorized}
	}
	if utf8.RuneCountInString(member.UserID) > wire.MaxUserID {
		return Member{}, &Decline{limitReached, "Invalid user_id: it has more than " + strconv.Itoa(wire.MaxUserID) + " characters", CodeClientEvent}
	}
	if len(member.UserInfo) > maxUserInfo {
		return Member{}, &Decline{limitReached, "Invalid user_info: it has more than " + strconv.Itoa(maxUserInfo) + " bytes", CodeClientEvent}
	}
	if !shallow(member.UserInfo) {
		return Member{}, &Decline{invalidMember, "Invalid user_info: it is nested too deeply", CodeClientEvent}
	}
	return Member{ID: member.UserID, Info: member.UserInfo}, nil
}

// Joined ends a Subscribe: the client is on the channel. channel is its name,
// of which the Peer keeps this copy; ref is handed back in later Actions.
func (p *Peer) Joined(channel string, ref any) {
	p.subs.add(Subscription{Channel: channel, UserID: p.pending, Ref: ref})
	p.pending = ""
}

// Declined ends a Subscribe: the client may not join after all. It returns the
// bytes that tell it so.
func (p *Peer) Declined(channel string, why *Decline) []byte {
	p.pending = ""
	return declinedFrame(channel, why)
}

func (p *Peer) decline(channel string, why *Decline) Action {
	channel = echo(channel)
	return Action{Kind: Send, Frame: declinedFrame(channel, why), Channel: channel, Code: why.Status, Text: why.Message}
}

func (p *Peer) unsubscribe(m *wire.Message) Action {
	value := m.Payload().Get("channel")
	if value.Kind() != wire.String {
		return p.complain(codeNone, "Invalid unsubscription: data needs a channel", "")
	}
	channel := value.Unescape()
	i := p.subs.find(channel)
	if i < 0 {
		name := echo(string(channel))
		return p.complain(codeNone, "No current subscription to channel "+name+", or subscription in progress", name)
	}
	sub := p.subs.list[i]
	p.subs.remove(i)
	return Action{Kind: Unsubscribe, Channel: sub.Channel, Ref: sub.Ref}
}
