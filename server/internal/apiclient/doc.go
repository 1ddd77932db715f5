// Package apiclient calls the Channels HTTP API: it publishes events and asks
// who is there. The command-line tool uses it, against Pusher as well as
// against a Thimble broker.
//
//	client := apiclient.Client{BaseURL: "http://127.0.0.1:6001", AppID: "app-id", Key: "app-key", Secret: "app-secret"}
//	_, err := client.Trigger(ctx, apiclient.Event{Name: "hello", Channels: []string{"news"}, Data: `{"a":1}`})
//
//	Trigger       POST /apps/ID/events               publish to up to 100 channels
//	TriggerBatch  POST /apps/ID/batch_events         publish up to 10 events
//	Channels      GET  /apps/ID/channels             channels that have subscribers
//	Channel       GET  /apps/ID/channels/NAME        one channel
//	Users         GET  /apps/ID/channels/NAME/users  who is on a presence channel
//	Terminate     POST /apps/ID/users/ID/terminate_connections
//
// Limits differ between servers, so they are left to the server; what it says
// comes back in an [*Error] with a hint at what to do. Each call is one
// request: nothing is retried, since a publish that got no answer may have
// been delivered. No error shows the secret or a signature.
package apiclient
