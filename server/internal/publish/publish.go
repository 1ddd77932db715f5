package publish

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// Config says what to publish, and where.
type Config struct {
	// Client calls the HTTP API. Required.
	Client *apiclient.Client

	// Event is the events' name, Channels where they go: 1 to MaxChannels.
	// Required.
	Event    string
	Channels []string

	// SocketID is a connection that does not get them. Empty: all get them.
	SocketID string

	// MasterKey encrypts what goes to encrypted channels, 32 bytes. Without it
	// such channels are an error.
	MasterKey []byte

	// Every is the time from one event to the next. Zero: none, and as many go
	// in one request as there are.
	Every time.Duration

	// Published is called for each event that the server has taken. Its error
	// ends the run.
	Published func(data string) error
}

// ErrMasterKey says that an encrypted channel is meant and nothing can encrypt.
var ErrMasterKey = errors.New("events of encrypted channels have to be encrypted before they are published: add --master-key")

// Run publishes everything from the source, in order, and stops at the first
// error.
func Run(ctx context.Context, cfg Config, from Source) error {
	for _, channel := range cfg.Channels {
		if cfg.MasterKey == nil && channelauth.KindOf(channel) == channelauth.Encrypted {
			return ErrMasterKey
		}
	}
	most := MaxBatch
	if cfg.Every > 0 {
		most = 1
	}
	start := time.Now()
	for n := 0; ; {
		texts, err := from.Next(ctx, most)
		if len(texts) > 0 {
			if err := wait(ctx, start.Add(time.Duration(n)*cfg.Every)); err != nil {
				return err
			}
			n += len(texts)
			if err := cfg.publish(ctx, texts); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// publish publishes some events in as few requests as there can be.
func (cfg *Config) publish(ctx context.Context, texts []string) error {
	requests, err := cfg.requests(texts)
	if err != nil {
		return err
	}
	for _, request := range requests {
		if len(request) == 1 {
			_, err = cfg.Client.Trigger(ctx, request[0])
		} else {
			_, err = cfg.Client.TriggerBatch(ctx, request)
		}
		if err != nil {
			return err
		}
	}
	for _, text := range texts {
		if err := cfg.Published(text); err != nil {
			return err
		}
	}
	return nil
}

// requests are the events of each request: one that goes to all channels, or
// several that go to one each.
func (cfg *Config) requests(texts []string) (requests [][]apiclient.Event, err error) {
	encrypted := false
	for _, channel := range cfg.Channels {
		encrypted = encrypted || channelauth.KindOf(channel) == channelauth.Encrypted
	}
	if each := len(texts) * len(cfg.Channels); !encrypted && len(texts) <= (each+MaxBatch-1)/MaxBatch {
		for _, text := range texts {
			requests = append(requests, []apiclient.Event{{Name: cfg.Event, Channels: cfg.Channels, Data: text, SocketID: cfg.SocketID}})
		}
		return requests, nil
	}
	var batch []apiclient.Event
	for _, text := range texts {
		for _, channel := range cfg.Channels {
			data := text
			if channelauth.KindOf(channel) == channelauth.Encrypted {
				if data, err = encrypt(channel, cfg.MasterKey, text); err != nil {
					return nil, err
				}
			}
			batch = append(batch, apiclient.Event{Name: cfg.Event, Channels: []string{channel}, Data: data, SocketID: cfg.SocketID})
			if len(batch) == MaxBatch {
				requests, batch = append(requests, batch), nil
			}
		}
	}
	if len(batch) > 0 {
		requests = append(requests, batch)
	}
	return requests, nil
}

// wait waits until a time.
func wait(ctx context.Context, until time.Time) error {
	left := time.Until(until)
	if left <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
