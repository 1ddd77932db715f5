package broker

import (
	"encoding/json"
	"net/url"
	"testing"
	"unicode/utf8"
)

// FuzzAPI takes any body and query: nothing panics, and what clients get of it
// are frames that they can read.
func FuzzAPI(f *testing.F) {
	f.Add([]byte(`{"name":"x","channels":["room","presence-room"],"data":"{}","info":"user_count,subscription_count"}`), "info=user_count&filter_by_prefix=presence-", "room")
	f.Add([]byte(`{"batch":[{"name":"x","channel":"room","data":"\ud800","info":"subscription_count"}]}`), "info=subscription_count,cache", "presence-room")
	f.Add([]byte("{\"name\":\"\xff\",\"channel\":\"room\",\"data\":\"\"}"), "filter_by_prefix=%ff", "#server-to-user-1")
	f.Add([]byte(`null`), "", "")
	f.Fuzz(func(t *testing.T, body []byte, rawQuery, channel string) {
		a := testApp(t)
		k := &talker{t: t}
		k.c = client{app: a, out: k}
		k.c.peer = a.stranger(1, k).peer
		k.c.enter("room")
		query, _ := url.ParseQuery(rawQuery)
		c := &call{channel: channel, query: query, body: body}
		for _, handle := range []func(*app, *call) (any, error){(*app).postEvent, (*app).postBatch, (*app).getChannels, (*app).getChannel, (*app).getUsers} {
			answer, err := handle(a, c)
			if err != nil {
				continue
			}
			if _, err := json.Marshal(answer); err != nil {
				t.Errorf("%v cannot be encoded: %v", answer, err)
			}
		}
		for _, text := range k.got {
			if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
				t.Errorf("a client got %q", text)
			}
		}
	})
}
