package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// target says which application on which service is meant.
type target struct {
	appID, key, secret string
	cluster, host      string
	plaintext          bool
}

// flags adds the flags of a target to a command.
func (t *target) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.appID, "app-id", "", "application `id` (PUSHER_APP_ID)")
	f.StringVar(&t.key, "key", "", "application `key` (PUSHER_KEY)")
	f.StringVar(&t.secret, "secret", "", "application `secret`; others on this machine can read flags, so prefer PUSHER_SECRET")
	f.StringVar(&t.cluster, "cluster", "", "`name` of a Pusher cluster, such as eu (PUSHER_CLUSTER)")
	f.StringVar(&t.host, "host", "", "`host[:port]` of another server (PUSHER_HOST)")
	f.BoolVar(&t.plaintext, "plaintext", false, "without TLS; only for --host")
}

// fill takes from the environment what no flag gave, and checks the rest.
func (t *target) fill(cmd *cobra.Command, needed ...string) error {
	// A place given by a flag wins over the other kind of place in the
	// environment.
	placed := t.host != "" || t.cluster != ""
	for _, v := range []struct {
		value *string
		name  string
		place bool
	}{
		{&t.appID, "PUSHER_APP_ID", false},
		{&t.key, "PUSHER_KEY", false},
		{&t.secret, "PUSHER_SECRET", false},
		{&t.cluster, "PUSHER_CLUSTER", true},
		{&t.host, "PUSHER_HOST", true},
	} {
		if *v.value == "" && !(v.place && placed) {
			*v.value = os.Getenv(v.name)
		}
	}
	var missing []string
	for _, name := range needed {
		switch {
		case name == "place" && t.host == "" && t.cluster == "":
			missing = append(missing, "--cluster or --host (PUSHER_CLUSTER, PUSHER_HOST)")
		case name == "app-id" && t.appID == "":
			missing = append(missing, "--app-id (PUSHER_APP_ID)")
		case name == "key" && t.key == "":
			missing = append(missing, "--key (PUSHER_KEY)")
		case name == "secret" && t.secret == "":
			missing = append(missing, "--secret (PUSHER_SECRET)")
		}
	}
	if missing != nil {
		return usage(cmd, errors.New("missing "+strings.Join(missing, ", ")))
	}
	if strings.Contains(t.host, "://") {
		return usage(cmd, errors.New(`--host is a host or host:port, such as 127.0.0.1:6001, without "http://"`))
	}
	if t.plaintext && t.host == "" {
		return usage(cmd, errors.New("--plaintext goes with --host: clusters are always reached with TLS"))
	}
	return nil
}

// api returns the address of the target's HTTP API.
func (t *target) api() string {
	scheme := "https://"
	if t.plaintext {
		scheme = "http://"
	}
	return scheme + t.host
}
