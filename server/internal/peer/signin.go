package peer

import (
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/wire"
)

// ServerToUser begins the name of the channel that belongs to one signed-in
// user. The rest is the user's id.
const ServerToUser = "#server-to-user-"

// User is who has signed in on a connection.
type User struct {
	ID   string
	Info []byte // JSON, nil without one

	// Watchlist holds the ids of those whose coming and going the user wants to
	// hear of: at most MaxWatchlist, each once.
	Watchlist []string
}

// User returns who has signed in, nil for nobody.
func (p *Peer) User() *User { return p.user }

// signIn handles pusher:signin. A connection belongs to one user for as long as
// it lives: signing in again as the same one renews what the token says.
func (p *Peer) signIn(m *wire.Message) Action {
	payload := m.Payload()
	auth, userData := optional(payload.Get("auth")), optional(payload.Get("user_data"))
	if why := p.authenticate(auth, userData); why != "" {
		return p.complain(CodeUnauthorized, why, "")
	}
	user, cut, why := parseUser(userData)
	if why != "" {
		return p.complain(CodeUnauthorized, "Invalid signin: "+why, "")
	}
	if p.user != nil && p.user.ID != user.ID {
		return p.complain(CodeUnauthorized, "Invalid signin: this connection is signed in as another user; open a new one", "")
	}
	a := Action{Kind: SignIn, User: user, Was: p.user, Frame: signedInFrame(userData)}
	if cut {
		a.Frame = append(a.Frame, errorFrame(CodeWatchlist, "Watchlist limit exceeded: the first "+strconv.Itoa(MaxWatchlist)+" users are watched", "")...)
		a.Limit = LimitWatchlist
	}
	p.user, p.authorizeBy = user, 0
	return a
}

// authenticate checks a token, and returns what is wrong with it. The digest
// that was expected is never part of that.
func (p *Peer) authenticate(auth, userData string) string {
	if auth == "" || userData == "" {
		return "Invalid signin: it takes auth, a token of the form KEY:SIGNATURE, and the user_data that was signed"
	}
	key, signature, _ := strings.Cut(auth, ":")
	signer := p.signer(key)
	if signer == nil {
		return "Invalid key in signin auth data: '" + echo(key) + "'"
	}
	if signer.VerifyUser(auth, p.SocketID(), userData) == nil {
		return ""
	}
	text := channelauth.UserText(p.SocketID(), userData)
	return "Invalid signature: Expected HMAC SHA256 hex digest of " + shorten(text, maxSigned) + ", but got " + echo(signature)
}

// parseUser reads user_data. cut says that the watchlist was too long.
func parseUser(userData string) (user *User, cut bool, why string) {
	u, err := channelauth.ParseUser(userData)
	switch {
	case err != nil:
		return nil, false, "user_data is not a JSON object with an id, a non-empty string, and at most a list of strings as its watchlist"
	case !wire.ValidUserID(u.ID):
		return nil, false, "an id has 1 to " + strconv.Itoa(wire.MaxUserID) + " characters of A-Z a-z 0-9 _ - = @ , . ;"
	case len(u.UserInfo) > maxUserInfo:
		return nil, false, "user_info has more than " + strconv.Itoa(maxUserInfo) + " bytes"
	case !shallow(u.UserInfo):
		return nil, false, "user_info is nested too deeply"
	}
	user = &User{ID: u.ID, Info: u.UserInfo}
	seen := make(map[string]bool)
	for _, id := range u.Watchlist {
		if len(user.Watchlist) == MaxWatchlist {
			return user, true, ""
		}
		if wire.ValidUserID(id) && !seen[id] {
			seen[id] = true
			user.Watchlist = append(user.Watchlist, id)
		}
	}
	return user, false, ""
}

// shallow says whether info may be part of a snapshot. There it stands four
// levels deep, and one member that parsers refuse would hide all the others.
func shallow(info []byte) bool {
	return len(info) == 0 || wire.Valid([]byte("[[[["+string(info)+"]]]]"))
}

// signer returns what checks tokens of a key, nil if it is no key of the
// application: that is to be said first, whatever the signature looks like.
func (p *Peer) signer(key string) *channelauth.Signer {
	signers := p.settings.Get().Signers
	for i := range signers {
		if signers[i].Key == key {
			return &signers[i]
		}
	}
	return nil
}
