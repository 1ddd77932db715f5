package contexts

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/thimble-go/thimble/server/internal/tomlfile"
)

// Context is a server, or a cluster of the hosted service, and an application
// there. Any field may be empty. Printed or logged, it shows no secret.
type Context struct {
	Cluster      string `toml:"cluster,omitempty"`
	Host         string `toml:"host,omitempty"` // host[:port]; in place of Cluster
	Plaintext    bool   `toml:"plaintext,omitempty"`
	CA           string `toml:"ca,omitempty"` // file, PEM, with authorities of the place
	AppID        string `toml:"app_id,omitempty"`
	Key          string `toml:"key,omitempty"`
	Secret       string `toml:"secret,omitempty"`
	AuthEndpoint string `toml:"auth_endpoint,omitempty"`
}

// Server names the place, empty without one.
func (c Context) Server() string {
	switch {
	case c.Host != "" && c.Plaintext:
		return c.Host + " (plaintext)"
	case c.Host != "":
		return c.Host
	case c.Cluster != "":
		return "cluster " + c.Cluster
	}
	return ""
}

// String hides the secret.
func (c Context) String() string {
	return "contexts.Context{Server:" + c.Server() + " Key:" + c.Key + "}"
}

// GoString is for the verb %#v, which would show the secret otherwise.
func (c Context) GoString() string { return c.String() }

// LogValue keeps the secret out of structured logs.
func (c Context) LogValue() slog.Value { return slog.StringValue(c.String()) }

// File is what is remembered.
type File struct {
	// Current is the context that counts when none is named; empty for none.
	Current string `toml:"current,omitempty"`

	// Contexts are all of them, by name.
	Contexts map[string]Context `toml:"contexts"`
}

// Path returns where the user's file is, or would be.
func Path() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for contexts: %w", err)
	}
	return filepath.Join(dir, "thimble", "contexts.toml"), nil
}

// Load reads the file of that name; one that is not there holds nothing. It
// refuses a file that others can read or write.
func Load(name string) (*File, error) {
	f := &File{Contexts: make(map[string]Context)}
	text, err := tomlfile.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if err := tomlfile.CheckPrivate(name); err != nil {
		return nil, err
	}
	if err := f.parse(text); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return f, nil
}

// parse reads a file's text. Its errors go behind the file's name and a colon.
func (f *File) parse(text []byte) error {
	if err := tomlfile.Decode(text, f, "thimble context add --help shows all that there are"); err != nil {
		return err
	}
	if f.Contexts == nil {
		f.Contexts = make(map[string]Context)
	}
	for _, name := range f.Names() {
		if err := CheckName(name); err != nil {
			return fmt.Errorf(" %w", err)
		}
		if err := f.Contexts[name].Check(); err != nil {
			return fmt.Errorf(" context %s: %w", name, err)
		}
	}
	return nil
}

// head stands at the top of the file.
const head = "# Written by thimble context, which keeps no comments.\n\n"

// Save writes the file of that name.
func (f *File) Save(name string) error {
	text, err := toml.Marshal(f)
	if err != nil {
		return err
	}
	return tomlfile.WritePrivate(name, append([]byte(head), text...))
}

// Change reads the file of that name, has it changed, and saves it unless change
// returns an error. Processes that do so at a time do it one after the other,
// so no change is lost; change is not to wait for anybody.
func Change(name string, change func(*File) error) error {
	unlock, err := tomlfile.Lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := Load(name)
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	return f.Save(name)
}

// Find returns a context.
func (f *File) Find(name string) (Context, error) {
	c, ok := f.Contexts[name]
	if ok {
		return c, nil
	}
	known := "there are none yet: thimble context add makes one"
	if len(f.Contexts) > 0 {
		known = "there are " + strings.Join(f.Names(), ", ")
	}
	return c, fmt.Errorf("there is no context %q; %s", name, known)
}

// Names returns the names in order.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.Contexts))
	for name := range f.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// maxName is the longest name, so that lists stay readable.
const maxName = 64

// CheckName says whether a context can have this name: one that needs no quotes
// anywhere and cannot be taken for a flag.
func CheckName(name string) error {
	good := name != "" && len(name) <= maxName && name[0] != '-'
	for _, r := range name {
		good = good && ('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r))
	}
	if !good {
		return fmt.Errorf("the name %q has to be of letters, digits, - _ and . (no - first), at most %d", name, maxName)
	}
	return nil
}

// Check says what is contradictory.
func (c Context) Check() error {
	switch {
	case c.Host != "" && c.Cluster != "":
		return errors.New("it has both a host and a cluster; give one of them")
	case c.Plaintext && c.Host == "":
		return errors.New("plaintext goes with a host: clusters are always reached with TLS")
	case c.CA != "" && c.Plaintext:
		return errors.New("it has authorities for TLS, and is plaintext; give one of them")
	case c.CA != "" && !filepath.IsAbs(c.CA):
		return errors.New("the file of ca needs its whole path, since commands are used everywhere")
	case strings.Contains(c.Host, "://"):
		return errors.New(`the host is a host or host:port, such as 127.0.0.1:6001, without "http://"`)
	}
	return nil
}
