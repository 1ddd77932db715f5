package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

// printer writes lines: for people, or with --json for programs. A line that
// cannot be written is an error that ends the command.
type printer struct {
	out  io.Writer
	json bool

	mu  sync.Mutex
	err error
}

// line is one event, as --json writes it.
type line struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Channel string    `json:"channel,omitempty"`
	Data    any       `json:"data,omitempty"`
	UserID  string    `json:"user_id,omitempty"`
	Error   string    `json:"error,omitempty"`
}

// print writes a line; text is how people read it.
func (p *printer) print(l line, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	l.Time = time.Now()
	if !p.json {
		_, p.err = fmt.Fprintf(p.out, "%s  %s\n", l.Time.Format("15:04:05.000"), text)
		return
	}
	p.marshal(l)
}

// object writes a value, with --json only.
func (p *printer) object(v any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && p.json {
		p.marshal(v)
	}
}

// marshal writes a value as a line of JSON. The lock is held.
func (p *printer) marshal(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		p.err = err
		return
	}
	_, p.err = p.out.Write(append(b, '\n'))
}

// text writes a line that needs no time in front, for people only.
func (p *printer) text(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && !p.json {
		_, p.err = fmt.Fprintln(p.out, text)
	}
}

// table are rows of columns.
type table [][]string

// table writes columns under each other, for people only. Names from a server
// are made safe for the terminal.
func (p *printer) table(rows table) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, clean(cell))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // to memory
	for line := range strings.Lines(b.String()) {
		p.text(strings.TrimRight(line, " \n"))
	}
}

// slim leaves out the columns that have nothing below their heads.
func (t table) slim() table {
	narrow := make(table, len(t))
	for column := range t[0] {
		if !slices.ContainsFunc(t[1:], func(row []string) bool { return row[column] != "" }) {
			continue
		}
		for i, row := range t {
			narrow[i] = append(narrow[i], row[column])
		}
	}
	return narrow
}

// say writes one line, for commands that have nothing else to say.
func say(cmd *cobra.Command, text string) error {
	p := &printer{out: cmd.OutOrStdout()}
	p.text(clean(text))
	return p.failed()
}

// failed returns why writing failed, nil if it did not.
func (p *printer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return nil
	}
	return unwritable(p.err)
}

func unwritable(err error) error { return fmt.Errorf("cannot write the output: %w", err) }

// clean makes text from a peer safe for a terminal: control characters could
// move the cursor or hide what is there.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '�'
		}
		return r
	}, s)
}

// message is an error's text as it is printed behind "thimble: ": without the
// name of the package that it comes from, in the words of this tool, and with
// what to do where the text alone does not tell.
func message(err error) string {
	text := err.Error()
	for _, name := range []string{"thimble: ", "apiclient: ", "broker: "} {
		text = strings.TrimPrefix(text, name)
	}
	text = inFlags.Replace(text)
	for _, hint := range hints {
		if strings.Contains(text, hint.says) && !strings.Contains(text, "check ") { // or there is advice already
			text += "; " + hint.try
			break
		}
	}
	return clean(text)
}

// inFlags turns the names of the libraries' fields into those of flags.
var inFlags = strings.NewReplacer(
	"set Config.Authorizer or use SubscribeAuthorized", "add --auth-endpoint, or --secret for development",
	"set Config.Cluster", "set --cluster", "or Config.Host", "or --host",
	"set DevelopmentSigner.EncryptionMasterKey to 32 bytes, which encrypted channels need; one in base64 must be decoded first", "encrypted channels need their master key: add --master-key, or use --auth-endpoint",
	"set DevelopmentSigner.UserID, which presence channels and signing in need:", "--user-id has",
	"Config.Key", "--key", "Config.Cluster", "--cluster", "Config.Host", "--host", "Config.AuthTimeout", "10 s",
	"check Key, and that it belongs to this Cluster or Host", "check --key, and that it belongs to this --cluster or --host",
	"set Plaintext only for", "add --plaintext only for", " (add the authority that has signed it with WithTLS, if it is one of your own)", "",
	"check Cluster or Host", "check --cluster or --host", "check Host and its port", "check --host and its port",
	"unset Plaintext", "leave --plaintext out", "the port is one for TLS: use https", "the port is one for TLS: leave --plaintext out", "Endpoint.URL", "--auth-endpoint",
)

// hints say what to try about errors of the network.
var hints = []struct{ says, try string }{
	{"connection refused", "is a server running there?"},
	{"server gave HTTP response to HTTPS client", "the server speaks no TLS: add --plaintext if it is one of your own"},
	{"unreachable", "check this machine's network"},
	{"no such host", "check the name, and this machine's network"},
	{"certificate signed by unknown authority", "name the authority that has signed the server's certificate with --ca, if it is one of your own"},
}
