//go:build !tinygo

package thimble_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/thimble-go/thimble"
)

// A server of one's own may have a certificate of one's own authority.
func ExampleWithTLS() {
	text, err := os.ReadFile("authority.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: "pusher.example.com",
		TLS: thimble.WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = client.Run(context.Background())
}
