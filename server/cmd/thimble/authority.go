package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble"

	"github.com/thimble-go/thimble/server/internal/tomlfile"
)

// trust reads who may have signed the certificates of the target, and of its
// authorization endpoint, beside those whom the system trusts.
func (t *target) trust(cmd *cobra.Command) error {
	if t.ca == "" {
		return nil
	}
	if t.plaintext && cmd.Flags().Changed("ca") {
		return usage(cmd, fmt.Errorf("--ca is for TLS, which --plaintext does without"))
	}
	pool, err := authorities(t.ca)
	if err != nil {
		return usage(cmd, err)
	}
	t.tls = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return nil
}

// authorities are those of the system, and those in a file.
func authorities(name string) (*x509.CertPool, error) {
	pem, err := tomlfile.Read(name)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // where the system has none, the file's are all
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca: there is no certificate in %s, as PEM", name)
	}
	return pool, nil
}

// client is what a client of the target begins with.
func (t *target) client() thimble.Config {
	config := thimble.Config{Key: t.key, Cluster: t.cluster, Host: t.host, Plaintext: t.plaintext}
	if t.tls != nil {
		config.TLS = thimble.WithTLS(t.tls)
	}
	return config
}

// http makes requests to the target, and to its authorization endpoint; nil is
// the usual client.
func (t *target) http() *http.Client {
	if t.tls == nil {
		return nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = t.tls.Clone()
	return &http.Client{Transport: transport}
}
