package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// runCertificate makes an authority, and a certificate for 127.0.0.1 that it
// has signed, good for a day.
func runCertificate(args []string) error {
	flags := flag.NewFlagSet("certificate", flag.ContinueOnError)
	directory := flags.String("to", ".", "`directory` to write to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority of a test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "127.0.0.1"},
		NotBefore:    authority.NotBefore,
		NotAfter:     authority.NotAfter,
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, signing.Public(), signing)
	if err != nil {
		return err
	}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, authority, own.Public(), signing)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		return err
	}
	files := make(map[string]string)
	for _, one := range []struct {
		name, kind string
		der        []byte
	}{{"authority", "CERTIFICATE", ca}, {"certificate", "CERTIFICATE", signed}, {"key", "PRIVATE KEY", key}} {
		files[one.name] = filepath.Join(*directory, one.name+".pem")
		if err := os.WriteFile(files[one.name], pem.EncodeToMemory(&pem.Block{Type: one.kind, Bytes: one.der}), 0o600); err != nil {
			return err
		}
	}
	report(line{Event: "certificate", Data: files})
	return nil
}
