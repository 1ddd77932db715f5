package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/thimble-go/thimble/server/internal/settings"
)

// certificate is one that is read again when its files change, as programs
// that renew certificates leave them. One that cannot be read is told, and the
// one before stays.
type certificate struct {
	files settings.TLS
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]time.Time // of the files
	checked time.Time
	warned  time.Time
}

// checkEvery is how often the files are looked at, while connections come.
const checkEvery = 10 * time.Second

// warnBefore is how long before its end a certificate is warned of, and
// warnEvery how often.
const (
	warnBefore = 14 * 24 * time.Hour
	warnEvery  = 24 * time.Hour
)

// loadCertificate reads a certificate; nil without one.
func loadCertificate(files settings.TLS) (*tls.Certificate, error) {
	if files.Certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return nil, fmt.Errorf("cannot use the certificate %s with the key %s: %w", files.Certificate, files.Key, err)
	}
	return &pair, nil
}

// newCertificate reads it for the first time.
func newCertificate(files settings.TLS, log *slog.Logger) (*certificate, error) {
	c := &certificate{files: files, log: log, checked: time.Now()}
	c.stamp = c.stamps()
	var err error
	if c.current, err = loadCertificate(files); err == nil {
		c.warn(time.Now())
	}
	return c, err
}

// warn says that the certificate ends soon, or has ended. It needs the lock.
func (c *certificate) warn(now time.Time) {
	ends := c.current.Leaf.NotAfter
	if left := ends.Sub(now); left < warnBefore && now.Sub(c.warned) >= warnEvery {
		c.warned = now
		text := "the certificate ends soon: renew it, and put the new one in its place"
		if left <= 0 {
			text = "the certificate has ended, and clients refuse it: put a new one in its place"
		}
		c.log.Warn(text, slog.Time("expires", ends), slog.String("file", c.files.Certificate))
	}
}

// valid is for readiness.
func (c *certificate) valid() error {
	if ends := c.expires(); time.Now().After(ends) {
		return fmt.Errorf("the certificate has ended on %s", ends.Format(time.DateOnly))
	}
	return nil
}

// expires says when it ends.
func (c *certificate) expires() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.Leaf.NotAfter
}

func (c *certificate) stamps() (stamp [2]time.Time) {
	for i, name := range [...]string{c.files.Certificate, c.files.Key} {
		if info, err := os.Stat(name); err == nil {
			stamp[i] = info.ModTime()
		}
	}
	return stamp
}

// get is for tls.Config.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) >= checkEvery {
		c.checked = time.Now()
		c.renew()
		c.warn(c.checked)
	}
	return c.current, nil
}

// reload looks at the files now.
func (c *certificate) reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renew()
}

// renew needs the lock.
func (c *certificate) renew() {
	stamp := c.stamps()
	if stamp == c.stamp {
		return
	}
	fresh, err := loadCertificate(c.files)
	if err != nil {
		// Perhaps only one of the files is new: the next look will tell.
		c.log.Error("the certificate on disk cannot be used, the one before stays", slog.Any("error", err))
		return
	}
	c.current, c.stamp = fresh, stamp
	c.log.Info("took the new certificate", slog.Time("expires", fresh.Leaf.NotAfter))
}
