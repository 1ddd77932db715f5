package authserver

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/internal/tomlfile"
)

// Rules say who may join what.
type Rules struct {
	// Anyone are the channels that take no token of a user. On a presence
	// channel somebody has to be somebody: any user may join those.
	Anyone []string `toml:"anyone"`

	// Users are who may join more, and sign in.
	Users []User `toml:"users"`

	byToken map[[sha256.Size]byte]*User
}

// User is somebody who shows a token.
type User struct {
	ID        string         `toml:"id"`
	Token     string         `toml:"token"` // sent as "Authorization: Bearer TOKEN"
	Info      map[string]any `toml:"info"`  // what others on a presence channel see
	Channels  []string       `toml:"channels"`
	Watchlist []string       `toml:"watchlist"` // whose coming and going the user hears of
}

// String hides the token.
func (u User) String() string { return "authserver.User{ID:" + u.ID + "}" }

// GoString is for the verb %#v, which would show the token otherwise.
func (u User) GoString() string { return u.String() }

// minToken is the least length of a token: less can be guessed.
const minToken = 16

// Sample is a file with everything.
const Sample = `# Channels that need no token. A name may end with *, which stands for any
# ending of the same kind of channel: private-* has no private-encrypted- ones.
anyone = ["private-news"]

[[users]]
id = "ada"
token = "..."                         # sent as "Authorization: Bearer ..."; openssl rand -hex 16
info = { name = "Ada" }               # what others on a presence channel see
channels = ["private-*", "presence-room"]
watchlist = ["bob"]                   # whose coming and going she hears of
`

// Load reads a file. It refuses one that others can read, since tokens stand in
// it.
func Load(name string) (*Rules, error) {
	text, err := tomlfile.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; thimble auth-server --help shows one", err)
	}
	if err != nil {
		return nil, err
	}
	if err := tomlfile.CheckPrivate(name); err != nil {
		return nil, err
	}
	r, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return r, nil
}

func parse(text []byte) (*Rules, error) {
	r := &Rules{}
	if err := tomlfile.Decode(text, r, "thimble auth-server --help shows all that there are"); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf(" %w", err)
	}
	return r, nil
}

// check finds what could never work, or would not be safe.
func (r *Rules) check() error {
	if len(r.Anyone) == 0 && len(r.Users) == 0 {
		return errors.New("nobody may join anything: give it anyone or [[users]]")
	}
	for _, pattern := range r.Anyone {
		if err := checkPattern(pattern); err != nil {
			return fmt.Errorf("anyone: %w", err)
		}
	}
	r.byToken = make(map[[sha256.Size]byte]*User)
	ids := make(map[string]bool)
	for i := range r.Users {
		u := &r.Users[i]
		if err := u.check(); err != nil {
			return fmt.Errorf("users[%d]: %w", i, err)
		}
		sum := sha256.Sum256([]byte(u.Token))
		switch {
		case ids[u.ID]:
			return fmt.Errorf("users[%d]: another user has the id %q already", i, u.ID)
		case r.byToken[sum] != nil:
			return fmt.Errorf("users[%d]: the token of %q is that of another user", i, u.ID)
		}
		ids[u.ID], r.byToken[sum] = true, u
	}
	return nil
}

func (u *User) check() error {
	switch {
	case u.ID == "":
		return errors.New("the id is empty")
	case len(u.Token) < minToken:
		return fmt.Errorf("the token of %q has less than %d characters, and could be guessed; this makes one: openssl rand -hex 16", u.ID, minToken)
	case strings.ContainsFunc(u.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("the token of %q has characters that no header carries: white space, or others than those of ASCII", u.ID)
	}
	for _, pattern := range u.Channels {
		if err := checkPattern(pattern); err != nil {
			return err
		}
	}
	// What would be refused at the first question is better refused now.
	data, err := json.Marshal(map[string]any{"user_id": u.ID, "user_info": u.Info})
	if err != nil {
		return fmt.Errorf("the info of %q cannot be written as JSON", u.ID)
	}
	signer := channelauth.Signer{Key: "k", Secret: "s"}
	if _, err := signer.SignChannel("1.1", "presence-a", string(data)); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "channelauth: "))
	}
	return nil
}

// checkPattern says what is wrong with the name of a channel, or of several.
func checkPattern(pattern string) error {
	name, _ := strings.CutSuffix(pattern, "*")
	switch {
	case pattern == "*":
		return nil
	case strings.Contains(name, "*"):
		return fmt.Errorf("%q has a * elsewhere than at its end", pattern)
	case channelauth.KindOf(name) == channelauth.Public:
		return fmt.Errorf("%q is public: anybody may join that without asking; the others begin with private- or presence-", pattern)
	}
	if err := channelauth.CheckChannel(name); err != nil {
		return fmt.Errorf("%q: %s", pattern, strings.TrimPrefix(err.Error(), "channelauth: "))
	}
	return nil
}

// allows says whether one of the patterns has the channel.
func allows(patterns []string, channel string) bool {
	for _, pattern := range patterns {
		name, open := strings.CutSuffix(pattern, "*")
		switch {
		case pattern == "*", pattern == channel:
			return true
		case open && strings.HasPrefix(channel, name) && channelauth.KindOf(channel) == channelauth.KindOf(name):
			return true
		}
	}
	return false
}
