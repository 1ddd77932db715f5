package channelauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
)

// Member is what channel_data says: who joins a presence channel.
type Member struct {
	// UserID is the member's id. A number on the wire becomes its text.
	UserID string

	// UserInfo is the JSON of user_info, nil without one.
	UserInfo json.RawMessage
}

// ParseMember reads the channel_data of a presence channel. It fails with
// [ErrUserObject] unless it is a JSON object whose user_id is a non-empty
// string or an integer. Lengths are not checked.
func ParseMember(channelData string) (Member, error) {
	fields, err := object("channel_data", channelData)
	if err != nil {
		return Member{}, err
	}
	id, ok := text(fields["user_id"])
	if !ok {
		id, ok = integer(fields["user_id"])
	}
	if !ok || id == "" {
		return Member{}, fmt.Errorf("%w: channel_data needs a user_id, a non-empty string", ErrUserObject)
	}
	return Member{UserID: id, UserInfo: fields["user_info"]}, nil
}

// User is what user_data says: who signs in.
type User struct {
	// ID is the user's id.
	ID string

	// UserInfo is the JSON of user_info, nil without one.
	UserInfo json.RawMessage

	// Watchlist holds the ids of the users whose coming and going this user
	// wants to hear of.
	Watchlist []string
}

// ParseUser reads the user_data of a sign-in. It fails with [ErrUserObject]
// unless it is a JSON object whose id is a non-empty string and whose
// watchlist, if there is one, is a list of strings. Lengths are not checked.
func ParseUser(userData string) (User, error) {
	fields, err := object("user_data", userData)
	if err != nil {
		return User{}, err
	}
	id, ok := text(fields["id"])
	if !ok || id == "" {
		return User{}, fmt.Errorf("%w: user_data needs an id, a non-empty string", ErrUserObject)
	}
	user := User{ID: id, UserInfo: fields["user_info"]}
	if raw := fields["watchlist"]; raw != nil {
		if err := json.Unmarshal(raw, &user.Watchlist); err != nil {
			return User{}, fmt.Errorf("%w: watchlist is not a list of strings", ErrUserObject)
		}
	}
	return user, nil
}

func (u User) check() error {
	if err := checkSignInID(u.ID); err != nil {
		return err
	}
	if len(u.UserInfo) > MaxUserObject {
		return fmt.Errorf("%w: user_info has %d bytes, %d are allowed", ErrUserObject, len(u.UserInfo), MaxUserObject)
	}
	if len(u.Watchlist) > MaxWatchlist {
		return fmt.Errorf("%w: it has %d users, %d are allowed", ErrWatchlist, len(u.Watchlist), MaxWatchlist)
	}
	for i, id := range u.Watchlist {
		if err := checkSignInID(id); err != nil {
			return fmt.Errorf("%w: entry %d: %s", ErrWatchlist, i, bare(err))
		}
	}
	return nil
}

// object reads the members of a JSON object. Not into a struct, whose fields
// would match "USER_ID" too, as no other reader of the text does.
func object(name, data string) (map[string]json.RawMessage, error) {
	if !utf8.ValidString(data) {
		return nil, fmt.Errorf("%w: %s is not UTF-8", ErrUserObject, name)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(data), &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("%w: %s is not a JSON object", ErrUserObject, name)
	}
	return fields, nil
}

func text(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

func integer(raw json.RawMessage) (string, bool) {
	_, ok := wire.Value(raw).Int()
	return string(raw), ok
}

// encode is json.Marshal without the escaping of <, > and &, which would count
// against MaxUserObject and serve nobody: the text never stands in HTML.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
