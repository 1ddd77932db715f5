package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/thimble-go/thimble/channelauth"
)

func runAuthServer(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("authserver", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:0", "host:port to listen on; port 0 takes a free one")
	key := flags.String("key", "app-key", "the application's key")
	secret := flags.String("secret", "app-secret", "the application's secret")
	master := flags.String("master-key", "", "32 bytes in base64, for encrypted channels")
	_ = flags.Parse(args) // it exits instead

	masterKey, err := base64.StdEncoding.DecodeString(*master)
	if err != nil {
		return fmt.Errorf("-master-key: %w", err)
	}
	handler, err := channelauth.NewHandler(channelauth.Config{
		Key:                 *key,
		Secret:              *secret,
		EncryptionMasterKey: masterKey,
		Authorize:           authorize,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	report(line{Event: "listening", Data: map[string]string{"address": listener.Addr().String()}})

	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	input := make(chan struct{})
	go func() { // nothing wakes a read of the standard input; it ends with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(input)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	case <-input:
	}
	_ = server.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// authorize believes what the client says about itself, which only a test may:
// its id in the header X-User or the field user_id, its name in the field name,
// whom it watches in the fields watch. Nobody may join private-forbidden.
func authorize(r *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
	if ask.Channel == "private-forbidden" {
		return channelauth.Grant{}, fmt.Errorf("%w: nobody may join %s", channelauth.ErrForbidden, ask.Channel)
	}
	grant := channelauth.Grant{UserID: r.Header.Get("X-User"), Watchlist: ask.Params["watch"]}
	if grant.UserID == "" {
		grant.UserID = ask.Params.Get("user_id")
	}
	if name := ask.Params.Get("name"); name != "" {
		grant.UserInfo = map[string]string{"name": name}
	}
	return grant, nil
}
