package broker_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/thimble-go/thimble/server/broker"
)

// A broker of its own, on a port of its own.
func ExampleNew() {
	b, err := broker.New(broker.Config{
		Apps: []broker.App{{ID: "1", Key: "app-key", Secret: "app-secret", ClientEvents: true}},
	})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- b.Serve(listener) }()

	// Clients connect to ws://127.0.0.1:{port}/app/app-key now.

	if err := b.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-served)
	// Output: broker: shut down
}

// A broker inside a web server that has other things to do.
func ExampleBroker_Handler() {
	b, err := broker.New(broker.Config{
		Apps: []broker.App{{ID: "1", Key: "app-key", Secret: "app-secret"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the site") })
	mux.Handle("/app/", b.Handler())
	mux.Handle("/apps/", b.Handler())
	mux.Handle("/healthz", b.Handler())

	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest("GET", "/healthz", nil))
	fmt.Print(recorder.Body)
	// Output: ok
}

// Publishing from the program that holds the broker takes no signature.
func ExampleBroker_Publish() {
	b, err := broker.New(broker.Config{
		Apps: []broker.App{{ID: "1", Key: "app-key", Secret: "app-secret"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	err = b.Publish(context.Background(), "1", broker.Event{
		Name:     "measured",
		Channels: []string{"kitchen"},
		Data:     `{"celsius":21.5}`,
	})
	fmt.Println(err)
	// Output: <nil>
}
