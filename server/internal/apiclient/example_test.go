package apiclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// answering stands in for a broker.
func answering(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

func ExampleClient_Trigger() {
	server := answering(200, `{"channels":{"presence-room":{"user_count":3}}}`)
	defer server.Close()

	client := apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "app-secret"}
	info, err := client.Trigger(context.Background(), apiclient.Event{
		Name:     "hello",
		Channels: []string{"presence-room"},
		Data:     `{"text":"good morning"}`,
		Info:     []string{"user_count"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*info["presence-room"].UserCount)
	// Output: 3
}

func ExampleClient_TriggerBatch() {
	server := answering(200, `{}`)
	defer server.Close()

	client := apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "app-secret"}
	_, err := client.TriggerBatch(context.Background(), []apiclient.Event{
		{Name: "on", Channels: []string{"lamp-1"}, Data: "{}"},
		{Name: "off", Channels: []string{"lamp-2"}, Data: "{}"},
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleClient_Channels() {
	server := answering(200, `{"channels":{"presence-room":{"user_count":3}}}`)
	defer server.Close()

	client := apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "app-secret"}
	channels, err := client.Channels(context.Background(), "presence-", "user_count")
	fmt.Println(len(channels), *channels["presence-room"].UserCount, err)
	// Output: 1 3 <nil>
}

func ExampleClient_Channel() {
	server := answering(200, `{"occupied":true}`)
	defer server.Close()

	client := apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "app-secret"}
	channel, err := client.Channel(context.Background(), "news")
	fmt.Println(channel.Occupied, err)
	// Output: true <nil>
}

func ExampleClient_Users() {
	server := answering(200, `{"users":[{"id":"ann"},{"id":"bob"}]}`)
	defer server.Close()

	client := apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "app-secret"}
	users, err := client.Users(context.Background(), "presence-room")
	fmt.Println(users, err)
	// Output: [ann bob] <nil>
}

func ExampleError() {
	server := answering(401, "auth_signature does not match")
	defer server.Close()

	client := apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "wrong"}
	_, err := client.Channels(context.Background(), "")
	var refused *apiclient.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status)
		fmt.Println(refused)
	}
	// Output:
	// 401
	// apiclient: the server answers 401 Unauthorized: auth_signature does not match (check the key, the secret and this machine's clock)
}

func ExampleClusterURL() {
	fmt.Println(apiclient.ClusterURL("eu"))
	// Output: https://api-eu.pusher.com <nil>
}
