package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
)

// authorization says who authorizes channels: an endpoint, or this program,
// when it has the secret.
type authorization struct {
	endpoint  string
	fields    []string // of the header, to the endpoint
	userID    string
	masterKey string

	header map[string]string // fields, read
	master []byte            // masterKey, read
}

// flags adds the flags to a command.
func (a *authorization) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.endpoint, "auth-endpoint", "", "`URL` of an authorization endpoint")
	f.StringArrayVar(&a.fields, "auth-header", nil, "`field` of the header for the endpoint, such as \"Authorization: Bearer ...\"; may be repeated")
	f.StringVar(&a.userID, "user-id", "thimble-cli", "`id` on presence channels that are signed here")
	masterKeyFlag(cmd, &a.masterKey)
	for _, name := range []string{"auth-endpoint", "auth-header", "user-id"} {
		complete(cmd, name, words())
	}
}

// masterKeyFlag adds the flag for the master key of encrypted channels.
func masterKeyFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "master-key", "", "master `key` of encrypted channels, 32 bytes in base64; prefer PUSHER_MASTER_KEY, since others can read flags")
	complete(cmd, "master-key", words())
}

// fill checks the flags, and takes from the target what they leave out. A
// secret that is given by a flag is not passed over for the endpoint of a
// context.
func (a *authorization) fill(cmd *cobra.Command, t *target) (err error) {
	if a.endpoint == "" && !cmd.Flags().Changed("secret") {
		a.endpoint = t.endpoint
	}
	if err := checkEndpoint(cmd, a.endpoint); err != nil {
		return err
	}
	a.header = make(map[string]string)
	for _, field := range a.fields {
		name, value, ok := strings.Cut(field, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(field, "\r\n") || strings.Contains(name, " ") {
			return usage(cmd, errors.New(`--auth-header is a name and a value, such as "Authorization: Bearer ..."`))
		}
		a.header[http.CanonicalHeaderKey(name)] = strings.TrimSpace(value)
	}
	if len(a.fields) > 0 && a.endpoint == "" {
		return usage(cmd, errors.New("--auth-header goes with --auth-endpoint"))
	}
	a.master, err = readMasterKey(cmd, a.masterKey)
	return err
}

// by returns who authorizes; nil if nobody can.
func (a *authorization) by(t *target) thimble.Authorizer {
	switch {
	case a.endpoint != "":
		return thimble.Endpoint{URL: a.endpoint, Header: a.header, Client: t.http()}
	case t.secret != "":
		return thimble.DevelopmentSigner{Key: t.key, Secret: t.secret, UserID: a.userID, EncryptionMasterKey: a.master}
	}
	return nil
}

// readMasterKey decodes a master key, from the environment if no flag has it;
// nil if there is none.
func readMasterKey(cmd *cobra.Command, text string) ([]byte, error) {
	if text == "" {
		text = os.Getenv("PUSHER_MASTER_KEY")
	}
	if text == "" {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != channelauth.MasterKeySize {
		return nil, usage(cmd, fmt.Errorf("the master key (--master-key, PUSHER_MASTER_KEY) is not %d bytes in base64; this makes one: openssl rand -base64 %[1]d", channelauth.MasterKeySize))
	}
	return key, nil
}

// checkEndpoint checks the address of an authorization endpoint, if there is
// one.
func checkEndpoint(cmd *cobra.Command, address string) error {
	if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return usage(cmd, errors.New("--auth-endpoint is an http or https address, such as https://example.com/pusher/auth"))
	}
	return nil
}
