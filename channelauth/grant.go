package channelauth

import (
	"encoding/json"
	"fmt"
)

// channelData encodes the grant as channel_data of a presence channel.
func (g Grant) channelData() (string, error) {
	if err := g.checkID(checkUserID); err != nil {
		return "", err
	}
	info, err := g.info()
	if err != nil {
		return "", err
	}
	return encode(struct {
		UserID   string          `json:"user_id"`
		UserInfo json.RawMessage `json:"user_info,omitempty"`
	}{g.UserID, info})
}

// userData encodes the grant as user_data of a sign-in.
func (g Grant) userData() (string, error) {
	if err := g.checkID(checkSignInID); err != nil {
		return "", err
	}
	info, err := g.info()
	if err != nil {
		return "", err
	}
	return encode(struct {
		ID        string          `json:"id"`
		UserInfo  json.RawMessage `json:"user_info,omitempty"`
		Watchlist []string        `json:"watchlist,omitempty"`
	}{g.UserID, info, g.Watchlist})
}

// checkID runs before encoding, which would silently replace bytes that are
// not UTF-8.
func (g Grant) checkID(check func(string) error) error {
	if g.UserID == "" {
		return fmt.Errorf("%w: presence channels and sign-in need Grant.UserID", ErrUserID)
	}
	return check(g.UserID)
}

func (g Grant) info() (json.RawMessage, error) {
	if g.UserInfo == nil {
		return nil, nil
	}
	info, err := encode(g.UserInfo)
	if err != nil {
		return nil, fmt.Errorf("%w: Grant.UserInfo cannot be written as JSON: %w", ErrUserObject, err)
	}
	return json.RawMessage(info), nil
}
