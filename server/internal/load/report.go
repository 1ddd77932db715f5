package load

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// Report is what came of a load.
type Report struct {
	Interrupted bool

	// Of the Clients that were asked for, Ready got on all their channels and
	// Failed did not; the rest was not started before the end.
	Clients, Ready, Failed int

	Connect   Distribution // from dialling to the socket id
	Subscribe Distribution // from there to the last subscription
	Reconnect int64        // connections that were lost and came back

	Published     int64
	PublishErrors int64
	Publish       Distribution  // the HTTP API's answers
	Publishing    time.Duration // how long it was published

	// Of the Expected deliveries Delivered came, and Lost did not. Reordered
	// came behind a later one of the same sender; Duplicates came twice, and are
	// not counted as delivered again.
	Expected, Delivered, Lost, Reordered, Duplicates int64
	Delivering                                       time.Duration // from the first message to the last delivery
	Latency                                          Distribution

	// Foreign are events of the same name that are not of this run.
	Foreign int64

	// Errors are what went wrong, the most frequent first; Refused says that
	// one of them was the server's no.
	Errors  []ErrorCount
	Refused bool
}

// ErrorCount is how often something went wrong.
type ErrorCount struct {
	Kind  string
	Count int
}

// PublishRate is how many messages were published in a second.
func (r *Report) PublishRate() float64 { return per(r.Published, r.Publishing) }

// DeliveryRate is how many deliveries came in a second.
func (r *Report) DeliveryRate() float64 { return per(r.Delivered, r.Delivering) }

func per(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

func (r *run) report(interrupted bool, began, ended time.Duration) *Report {
	out := &Report{
		Interrupted: interrupted,
		Clients:     r.Clients,
		Connect:     r.connect.distribution(), Subscribe: r.subscribe.distribution(), Reconnect: r.reconnected.Load(),
		Published: r.published.Load(), PublishErrors: r.refusals.Load(), Publish: r.publishes.distribution(), Publishing: ended - began,
		Expected: r.expected.Load(),
	}
	var latency histogram
	last := int64(0)
	for i := range r.shards {
		s := &r.shards[i]
		latency.merge(&s.latency)
		out.Delivered += s.delivered.Load()
		out.Duplicates += s.duplicates.Load()
		out.Reordered += s.reordered.Load()
		out.Foreign += s.foreign.Load()
		last = max(last, s.last.Load())
	}
	out.Latency = latency.distribution()
	out.Lost = max(0, out.Expected-out.Delivered)
	if out.Delivered > 0 {
		out.Delivering = time.Duration(last) - began
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out.Ready, out.Failed, out.Refused = r.ready, r.failed, r.refused
	for kind, count := range r.errors {
		out.Errors = append(out.Errors, ErrorCount{kind, count})
	}
	slices.SortFunc(out.Errors, func(a, b ErrorCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Kind, b.Kind))
	})
	return out
}

// failure counts an error by its kind.
func (r *run) failure(err error) {
	kind, refused := kindOf(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = r.refused || refused
	if _, known := r.errors[kind]; !known && len(r.errors) >= maxKinds {
		kind = "others"
	}
	r.errors[kind]++
}

// kindOf is an error's text without what differs from one to the next, and
// whether it is the server's no.
func kindOf(err error) (kind string, refused bool) {
	var closed *thimble.CloseError
	var server *thimble.ServerError
	var subscription *thimble.SubscriptionError
	var attempts *thimble.AttemptsError
	var connect *thimble.ConnectError
	var status *apiclient.Error
	var request *apiclient.RequestError
	switch {
	case errors.As(err, &closed):
		return bare(closed), true
	case errors.As(err, &subscription):
		return "subscription refused: " + bare(subscription.Err), subscription.Retry == 0
	case errors.As(err, &server):
		return bare(server), true
	case errors.As(err, &attempts):
		return "no connection: " + bare(attempts.Err), false
	case errors.As(err, &connect):
		return "no connection: " + bare(connect.Err), false
	case errors.As(err, &status):
		return fmt.Sprintf("the HTTP API answers %d", status.Status), status.Status >= 400 && status.Status <= 499
	case errors.As(err, &request):
		return "the HTTP API gives no answer: " + bare(request.Err), false
	}
	return bare(err), false
}

// bare is a text without the package's name, and without addresses of this
// side's, which differ in each.
func bare(err error) string {
	text := strings.TrimPrefix(err.Error(), "thimble: ")
	for _, verb := range []string{"read tcp ", "write tcp "} {
		if before, rest, found := strings.Cut(text, verb); found {
			if _, cause, found := strings.Cut(rest, ": "); found {
				text = before + cause
			}
		}
	}
	const most = 200
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
