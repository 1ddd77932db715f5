package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// ChannelInfo is what the server tells of a channel. What it was not asked
// for, or does not know, is nil.
type ChannelInfo struct {
	// Occupied says whether anybody is subscribed. Only Channel tells it.
	Occupied bool `json:"occupied"`

	// UserCount is the number of distinct users on a presence channel.
	UserCount *int `json:"user_count"`

	// SubscriptionCount is the number of subscribed connections.
	SubscriptionCount *int `json:"subscription_count"`

	// Cache is the last event of a cache channel.
	Cache *Cache `json:"cache"`
}

// Cache is the last event of a cache channel.
type Cache struct {
	// Data is the event's data.
	Data string `json:"data"`

	// TTL is how long the server keeps it, in seconds.
	TTL int `json:"ttl"`
}

// Channels returns the channels that have subscribers, by name. A prefix keeps
// those whose names begin with it; empty: all. info names attributes to
// return: "user_count" takes a prefix that begins with "presence-".
func (c *Client) Channels(ctx context.Context, prefix string, info ...string) (map[string]ChannelInfo, error) {
	query := infoQuery(info)
	if prefix != "" {
		query.Set("filter_by_prefix", prefix)
	}
	var answer channelsBody
	if err := c.call(ctx, http.MethodGet, []string{"channels"}, query, nil, &answer); err != nil {
		return nil, err
	}
	return answer.Channels, nil
}

// Channel returns what the server knows of a channel. info names attributes to
// return: "user_count", "subscription_count", "cache".
func (c *Client) Channel(ctx context.Context, name string, info ...string) (ChannelInfo, error) {
	var answer ChannelInfo
	if err := checkName(name); err != nil {
		return answer, err
	}
	err := c.call(ctx, http.MethodGet, []string{"channels", name}, infoQuery(info), nil, &answer)
	return answer, err
}

// Users returns the ids of the users on a presence channel.
func (c *Client) Users(ctx context.Context, channel string) ([]string, error) {
	if err := checkName(channel); err != nil {
		return nil, err
	}
	var answer struct {
		Users []struct {
			ID userID `json:"id"`
		} `json:"users"`
	}
	if err := c.call(ctx, http.MethodGet, []string{"channels", channel, "users"}, nil, nil, &answer); err != nil {
		return nil, err
	}
	ids := make([]string, len(answer.Users))
	for i, user := range answer.Users {
		ids[i] = string(user.ID)
	}
	return ids, nil
}

// Terminate closes all connections of a user who has signed in. It is no error
// if there are none.
func (c *Client) Terminate(ctx context.Context, user string) error {
	if err := checkSegment("user", user); err != nil {
		return err
	}
	var answer struct{}
	return c.call(ctx, http.MethodPost, []string{"users", user, "terminate_connections"}, nil, struct{}{}, &answer)
}

func checkName(name string) error { return checkSegment("channel", name) }

// checkSegment refuses names that servers and proxies take for directories, and
// the empty one, which would ask for something else.
func checkSegment(what, name string) error {
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("apiclient: the HTTP API cannot address a %s called %q", what, name)
	}
	return nil
}

func infoQuery(info []string) url.Values {
	if len(info) == 0 {
		return url.Values{}
	}
	return url.Values{"info": {strings.Join(info, ",")}}
}

// channelsBody is the answer of Trigger and Channels.
type channelsBody struct {
	Channels channelMap `json:"channels"`
}

// channelMap takes [] for {}: PHP servers send it when there is none.
type channelMap map[string]ChannelInfo

func (m *channelMap) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("[]")) {
		*m = channelMap{}
		return nil
	}
	return json.Unmarshal(data, (*map[string]ChannelInfo)(m))
}

// batchBody is the answer of TriggerBatch.
type batchBody struct {
	Batch infoList `json:"batch"`
}

// infoList takes {} for []: PHP servers send it when nobody asks.
type infoList []ChannelInfo

func (l *infoList) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("{}")) {
		return nil
	}
	return json.Unmarshal(data, (*[]ChannelInfo)(l))
}

// userID takes a number for its text: some servers keep ids as they came.
type userID string

func (id *userID) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(id))
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return errors.New("a user id is neither text nor a number")
	}
	*id = userID(number)
	return nil
}
