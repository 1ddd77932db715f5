package broker

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// TestWebhookOrderUnderContention has clients come to and go from a channel at
// once. The counts that an endpoint is told are those that there were, one after
// the other, so each is one more or one less than the one before it.
func TestWebhookOrderUnderContention(t *testing.T) {
	t.Parallel()
	const clients, times = 8, 100
	var mu sync.Mutex
	var counts []int
	all := make(chan struct{})
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Events []struct {
				Count int `json:"subscription_count"`
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, e := range body.Events {
			if counts = append(counts, e.Count); len(counts) == 2*clients*times {
				close(all)
			}
		}
	}))
	defer endpoint.Close()
	b, err := New(Config{Apps: []App{{ID: "1", Key: "key", Secret: "secret", Webhooks: []Webhook{{URL: endpoint.URL, Events: []string{SubscriptionCount}, Batch: true}}}}})
	if err != nil {
		t.Fatal(err)
	}
	app := b.apps.Load().byID["1"]
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			c := app.stranger(i, void{})
			for range times {
				c.enter("room")
				c.gone()
			}
		})
	}
	group.Wait()
	<-all
	if err := b.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	last := 0
	for i, n := range counts {
		if n != last+1 && n != last-1 {
			t.Fatalf("count %d is %d after %d", i, n, last)
		}
		last = n
	}
	if last != 0 {
		t.Errorf("%d are left", last)
	}
}
