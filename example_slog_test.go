//go:build !tinygo

package thimble_test

import (
	"fmt"
	"log/slog"

	"github.com/thimble-go/thimble"
)

// The log goes where the program's own goes.
func ExampleSlogLogger() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Logger: thimble.SlogLogger(slog.Default()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.State())
	// Output: initialized
}

// On ordinary Go the data can be parsed into a struct.
func ExampleEvent_Decode() {
	e := thimble.Event{Data: []byte(`{"title":"Hello","tags":["a","b"]}`)}
	var headline struct {
		Title string
		Tags  []string
	}
	if err := e.Decode(&headline); err != nil {
		fmt.Println(err)
	}
	fmt.Println(headline.Title, headline.Tags)
	// Output: Hello [a b]
}
