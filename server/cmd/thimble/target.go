package main

import (
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/server/internal/apiclient"
	"github.com/thimble-go/thimble/server/internal/contexts"
)

// target says which application on which service is meant.
type target struct {
	appID, key, secret string
	cluster, host      string
	plaintext          bool
	ca                 string // file with authorities of the place
	endpoint           string // of authorization; only from a context

	context  string // named by the flag
	contexts bool   // there is that flag, and contexts count

	tls *tls.Config // with ca, once it is read; nil: the usual
}

// precedence says where a target comes from. It stands in the help of the tool
// and in docs/tool.md, and fill does it.
const precedence = `Where a command needs a server and an application, each value comes from the
first of these that has it:
  1. its flag: --cluster or --host, --ca, --app-id, --key, --secret
  2. the context that --context names (thimble context --help)
  3. the environment: PUSHER_CLUSTER or PUSHER_HOST, PUSHER_APP_ID, PUSHER_KEY,
     PUSHER_SECRET
  4. the context that THIMBLE_CONTEXT names, or else the one in use
A host wins over a cluster. A place goes as a whole, with its --ca, and an
application id and a secret count only with the key that they stand beside:
those of two applications are never mixed.`

// flags adds the flags of a target to a command, contexts included.
func (t *target) flags(cmd *cobra.Command) {
	t.own(cmd)
	t.remember(cmd)
}

// remember adds the flag for a context.
func (t *target) remember(cmd *cobra.Command) {
	t.contexts = true
	cmd.Flags().StringVar(&t.context, "context", "", "`name` of a remembered server and application (THIMBLE_CONTEXT)")
	complete(cmd, "context", contextNames)
}

// own adds the flags that say everything themselves.
func (t *target) own(cmd *cobra.Command) {
	t.credentials(cmd)
	f := cmd.Flags()
	f.StringVar(&t.appID, "app-id", "", "application `id` (PUSHER_APP_ID)")
	f.StringVar(&t.cluster, "cluster", "", "`name` of a Pusher cluster, such as eu (PUSHER_CLUSTER)")
	f.StringVar(&t.host, "host", "", "`host[:port]` of another server (PUSHER_HOST)")
	f.BoolVar(&t.plaintext, "plaintext", false, "without TLS; only for --host")
	f.StringVar(&t.ca, "ca", "", "`file`, PEM, with an authority of your own that signs certificates, trusted beside the system's")
	complete(cmd, "cluster", words(clusters...))
	complete(cmd, "host", words("127.0.0.1:6001"))
	complete(cmd, "app-id", words())
}

// credentials adds those of key and secret.
func (t *target) credentials(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.key, "key", "", "application `key` (PUSHER_KEY)")
	f.StringVar(&t.secret, "secret", "", "application `secret`; others on this machine can read flags, so prefer PUSHER_SECRET or a context")
	complete(cmd, "key", words())
	complete(cmd, "secret", words())
}

// fill takes what no flag gave from where else it may stand, see precedence,
// and checks the rest.
func (t *target) fill(cmd *cobra.Command, needed ...string) error {
	if t.secret == "-" {
		return usage(cmd, errors.New("--secret - is for thimble context add; here set PUSHER_SECRET, or use a context"))
	}
	sources := []target{environment()}
	if t.contexts {
		c, err := t.remembered()
		if err != nil {
			return usage(cmd, err)
		}
		if t.context != "" {
			sources = []target{c, sources[0]}
		} else {
			sources = append(sources, c)
		}
	}
	for _, source := range sources {
		t.take(source, cmd.Flags().Changed("plaintext"))
	}
	if err := t.check(cmd, needed); err != nil {
		return err
	}
	return t.trust(cmd)
}

// take fills in from a source what is missing.
func (t *target) take(from target, plaintextGiven bool) {
	if t.host == "" && t.cluster == "" {
		t.host, t.cluster = from.host, from.cluster
		if t.ca == "" {
			t.ca = from.ca
		}
		if !plaintextGiven {
			t.plaintext = from.plaintext
		}
	}
	if t.key == "" {
		t.key = from.key
	}
	if from.key != "" && from.key != t.key {
		return // what stands there is another application's
	}
	for _, v := range []struct{ to, from *string }{{&t.appID, &from.appID}, {&t.secret, &from.secret}, {&t.endpoint, &from.endpoint}} {
		if *v.to == "" {
			*v.to = *v.from
		}
	}
}

// environment is what the environment says.
func environment() target {
	return target{
		appID: os.Getenv("PUSHER_APP_ID"), key: os.Getenv("PUSHER_KEY"), secret: os.Getenv("PUSHER_SECRET"),
		cluster: os.Getenv("PUSHER_CLUSTER"), host: os.Getenv("PUSHER_HOST"),
	}
}

// remembered is what the context says that is meant; nothing if none is.
func (t *target) remembered() (target, error) {
	path, err := contexts.Path()
	if err != nil {
		if t.context == "" {
			return target{}, nil // without a home nobody has contexts
		}
		return target{}, err
	}
	file, err := contexts.Load(path)
	if err != nil {
		return target{}, err
	}
	name := t.context
	if name == "" {
		name = os.Getenv("THIMBLE_CONTEXT")
	}
	if name == "" {
		name = file.Current
	}
	if name == "" {
		return target{}, nil
	}
	c, err := file.Find(name)
	if err != nil {
		return target{}, err
	}
	return target{
		appID: c.AppID, key: c.Key, secret: c.Secret,
		cluster: c.Cluster, host: c.Host, plaintext: c.Plaintext, ca: c.CA,
		endpoint: c.AuthEndpoint,
	}, nil
}

// check says what is missing, or contradictory.
func (t *target) check(cmd *cobra.Command, needed []string) error {
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
		text := "missing " + strings.Join(missing, ", ")
		if t.contexts {
			text += "; or name a --context that has it"
		}
		return usage(cmd, errors.New(text))
	}
	if strings.Contains(t.host, "://") {
		return usage(cmd, errors.New(`--host is a host or host:port, such as 127.0.0.1:6001, without "http://"`))
	}
	if t.plaintext && t.host == "" {
		return usage(cmd, errors.New("--plaintext goes with --host: clusters are always reached with TLS"))
	}
	return nil
}

// api returns a client of the target's HTTP API.
func (t *target) api(cmd *cobra.Command) (*apiclient.Client, error) {
	scheme := "https://"
	if t.plaintext {
		scheme = "http://"
	}
	base := scheme + t.host
	if t.host == "" {
		var err error
		if base, err = apiclient.ClusterURL(t.cluster); err != nil {
			return nil, usage(cmd, err)
		}
	}
	return &apiclient.Client{BaseURL: base, AppID: t.appID, Key: t.key, Secret: t.secret, HTTP: t.http()}, nil
}

// refused makes an answer of the HTTP API that is a no the server's no.
func refused(err error) error {
	var no *apiclient.Error
	if errors.As(err, &no) && no.TLSPort() {
		return err // nobody was asked yet
	}
	if errors.As(err, &no) && no.Status >= http.StatusBadRequest && no.Status < http.StatusInternalServerError {
		return &refusedError{err}
	}
	return err
}
