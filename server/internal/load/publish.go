package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// sender publishes numbered messages on one channel, in order.
type sender struct {
	run     *run
	number  int
	name    string           // of the channel
	channel *thimble.Channel // of the client that sends; nil: the HTTP API does
	getting int64            // clients that get each message
	next    int
	buf     []byte
}

// publishAll publishes at the rate, until time or number are up, or ctx ends.
func (r *run) publishAll(ctx context.Context, clients []*client) {
	if r.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Duration)
		defer cancel()
	}
	limit := rate.NewLimiter(rate.Limit(r.Rate), max(1, int(r.Rate/100)))
	var taken atomic.Int64
	var done sync.WaitGroup
	for _, s := range r.newSenders(clients) {
		done.Go(func() {
			for limit.Wait(ctx) == nil {
				if r.Messages > 0 && taken.Add(1) > int64(r.Messages) {
					return
				}
				s.publish(ctx)
			}
		})
	}
	done.Wait()
}

// newSenders spreads them over the channels, or over the clients that are
// ready.
func (r *run) newSenders(clients []*client) (senders []*sender) {
	getting := make([]int64, r.Channels)
	var ready []*client
	for _, c := range clients {
		if c.ready.Load() {
			ready = append(ready, c)
			for _, i := range r.on(c.number) {
				getting[i]++
			}
		}
	}
	for n := range r.Senders {
		channel := n % r.Channels
		s := &sender{run: r, number: n, name: r.name(channel), getting: getting[channel]}
		if r.API == nil {
			if n >= len(ready) {
				break
			}
			c := ready[n]
			channel = r.on(c.number)[0]
			s.channel, s.name, s.getting = c.on[0], r.name(channel), getting[channel]-1 // not the sender itself
		}
		senders = append(senders, s)
	}
	return senders
}

// publish publishes the next message.
func (s *sender) publish(ctx context.Context) {
	r := s.run
	sent := r.now()
	s.buf = appendMessage(s.buf[:0], r.id, stamp{s.number, s.next, sent}, r.Size)
	s.next++
	var err error
	if s.channel != nil {
		err = s.channel.Trigger(r.event, string(s.buf))
	} else {
		// Not with ctx: when the time is up, what has been sent is waited for.
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), Settle)
		_, err = r.API.Trigger(bounded, apiclient.Event{Name: r.event, Channels: []string{s.name}, Data: string(s.buf)})
		cancel()
		if err == nil {
			r.publishes.add(r.now() - sent)
		}
	}
	if err != nil {
		r.refusals.Add(1)
		r.failure(err)
		select { // a server that refuses everything is not to be asked as fast as can be
		case <-time.After(backOff):
		case <-ctx.Done():
		}
		return
	}
	r.lastPublish.Store(int64(r.now()))
	r.published.Add(1)
	r.expected.Add(s.getting)
}

// backOff is how long a sender rests after an error.
const backOff = 10 * time.Millisecond
