package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// dns looks the server's name up.
func (r *run) dns(ctx context.Context) outcome {
	host, _ := r.address()
	if _, err := netip.ParseAddr(host); err == nil {
		r.addresses = []string{host}
		return skipped(host + " is an address already")
	}
	lookup := r.lookup
	if lookup == nil {
		lookup = net.DefaultResolver.LookupHost
	}
	found, err := lookup(ctx, host)
	if err != nil {
		text, advice := explain(err)
		if r.Host == "" {
			advice = "check --cluster: the dashboard shows it beside the application's keys; and this machine's network"
		}
		return failed(text, advice)
	}
	r.addresses = found
	return good(host + " is " + strings.Join(found, ", "))
}

// tcp connects to the first address that takes the connection.
func (r *run) tcp(ctx context.Context) outcome {
	_, port := r.address()
	conn, err := dial(ctx, r.addresses, port)
	if err != nil {
		text, advice := explain(err)
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
			if os.Getenv(name) != "" {
				advice += "; " + name + " is set: if this network can only be left through that proxy, WebSocket clients need one that lets them connect directly"
				break
			}
		}
		return failed(text, advice)
	}
	r.raw = conn
	return good("connected to " + conn.RemoteAddr().String())
}

func dial(ctx context.Context, addresses []string, port string) (net.Conn, error) {
	var d net.Dialer
	var first error
	for _, address := range addresses {
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(address, port))
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// soon is when a certificate is about to expire.
const soon = 14 * 24 * time.Hour

// tls puts TLS on the connection.
func (r *run) tls(ctx context.Context) outcome {
	if r.Plaintext {
		return skipped("--plaintext: anyone on the way can read and change everything")
	}
	conn, err := r.secure(ctx, r.raw)
	if err != nil {
		return failed(explain(err))
	}
	r.raw = conn
	state := conn.ConnectionState()
	text := tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		ends := state.PeerCertificates[0].NotAfter
		text += ", certificate valid until " + ends.Format(time.DateOnly)
		if time.Until(ends) < soon {
			text += ", which is soon: renew it"
		}
	}
	return good(text)
}

func (r *run) secure(ctx context.Context, raw net.Conn) (*tls.Conn, error) {
	conn := tls.Client(raw, r.tlsConfig())
	return conn, conn.HandshakeContext(ctx)
}

func (r *run) tlsConfig() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.TLS != nil {
		config = r.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName, _ = r.address()
	}
	return config
}

// explain says what an error of the network means, and what to do.
func explain(err error) (text, advice string) {
	if text, advice = explainTLS(err); text != "" {
		return text, advice
	}
	var dns *net.DNSError
	var op *net.OpError
	to := "the server"
	if errors.As(err, &op) && op.Addr != nil {
		to = op.Addr.String()
	}
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "nobody knows the name " + dns.Name, "check how it is written; a name of your own network may be known there only"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be looked up: " + dns.Err, "check this machine's network and its name servers"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + to, "check the port in --host, and that the server runs"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to " + to, "check this machine's network"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return to + " does not answer", "a firewall may drop what is sent there: check that this network lets the port through"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server has ended the connection", "check the port, and whether it is one for TLS; a firewall may do this too"
	}
	return err.Error(), "check the server's address, and this machine's network"
}

// explainTLS does that for errors of TLS; it returns nothing for others.
func explainTLS(err error) (text, advice string) {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &authority):
		return "the certificate is signed by an authority that this machine does not know",
			"use one of a public authority, or name yours with --ca, or add it to those of this machine; a proxy that looks into TLS has its own authority too"
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate is for %s, not for %s", namesOf(host.Certificate), host.Host), "use the name that the certificate has, or have it made out to this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		now := time.Now()
		if now.Before(invalid.Cert.NotBefore) {
			return "the certificate is valid only from " + invalid.Cert.NotBefore.Format(time.DateOnly) + " on, and this machine's clock says " + now.Format(time.DateOnly), "set this machine's clock"
		}
		return "the certificate has expired on " + invalid.Cert.NotAfter.Format(time.DateOnly) + ", and this machine's clock says " + now.Format(time.DateOnly), "renew the server's certificate, or set this machine's clock"
	case errors.As(err, &invalid):
		return "the certificate cannot be used: " + strings.TrimPrefix(invalid.Error(), "x509: "), "have the server's certificate made anew"
	case errors.As(err, &header), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "the server does not speak TLS on this port", "check the port; for a server of your own without TLS add --plaintext"
	case errors.As(err, &alert):
		return "the server refuses the TLS handshake: " + strings.TrimPrefix(alert.Error(), "tls: "), "look at the server's TLS settings: versions, certificates of clients"
	}
	return "", ""
}

// namesOf are the names that a certificate is made out to.
func namesOf(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	switch {
	case len(names) == 0:
		return "no name at all"
	case len(names) > 3:
		return strings.Join(names[:3], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}
