package demo

import (
	"fmt"
	"net"
	"strings"

	"github.com/thimble-go/thimble/firmware/app"
)

// Snippet is something to paste.
type Snippet struct {
	Title string `json:"title"`
	Code  string `json:"code"`
}

// Snippets returns the lines that reach the demo from elsewhere: as a web page
// or Node program, as a server, and from a terminal.
func (d *Demo) Snippets() []Snippet {
	return []Snippet{
		{"pusher-js", d.pusherJS()},
		{"curl", d.curl()},
		{"thimble subscribe", d.subscribe()},
	}
}

func (d *Demo) pusherJS() string {
	options := []string{fmt.Sprintf("cluster: %q,", d.config.Cluster)}
	if !d.hosted() || d.config.Host != "" {
		host, plaintext := d.config.Host, d.config.Plaintext
		if !d.hosted() {
			host, plaintext = d.address, true
		}
		name, port, err := net.SplitHostPort(host)
		if err != nil {
			name, port = host, map[bool]string{false: "443", true: "80"}[plaintext]
		}
		options = append(options,
			fmt.Sprintf("wsHost: %q,", name),
			fmt.Sprintf("wsPort: %s, wssPort: %s,", port, port),
			fmt.Sprintf("forceTLS: %t,", !plaintext),
			`enabledTransports: ["ws", "wss"],`)
	}
	options = append(options,
		"channelAuthorization: {",
		fmt.Sprintf("  endpoint: %q,", d.url("http", "/pusher/auth")),
		"},")
	return fmt.Sprintf("const pusher = new Pusher(%q, {\n  %s\n});\npusher.subscribe(%q)\n  .bind_global(console.log);",
		d.config.Key, strings.Join(options, "\n  "), app.DefaultChannel)
}

// curl publishes an event. The signature is made by the line itself, since one
// made here would be void in ten minutes. The secret comes from the environment
// when it is somebody's real one.
func (d *Demo) curl() string {
	base, secret := d.url("http", ""), d.config.Secret
	if d.hosted() {
		secret = "$PUSHER_SECRET"
		switch {
		case d.config.Host != "" && d.config.Plaintext:
			base = "http://" + d.config.Host
		case d.config.Host != "":
			base = "https://" + d.config.Host
		default:
			base = "https://api-" + d.config.Cluster + ".pusher.com"
		}
	}
	id := d.config.AppID
	if id == "" {
		id = "$PUSHER_APP_ID"
	}
	body := fmt.Sprintf(`{"name":"notice","channel":%q,"data":"{\"text\":\"hello from curl\"}"}`, app.DefaultChannel)
	return strings.Join([]string{
		`B='` + body + `'; P="/apps/` + id + `/events"`,
		`Q="auth_key=` + d.config.Key + `&auth_timestamp=$(date +%s)&auth_version=1.0&body_md5=$(printf %s "$B" | openssl md5 -r | cut -c1-32)"`,
		`S=$(printf 'POST\n%s\n%s' "$P" "$Q" | openssl sha256 -hmac "` + secret + `" -r | cut -c1-64)`,
		`curl -sS -H 'Content-Type: application/json' -d "$B" "` + base + `$P?$Q&auth_signature=$S"`,
	}, "\n")
}

func (d *Demo) subscribe() string {
	where := "--cluster " + d.config.Cluster
	switch {
	case !d.hosted():
		where = "--host " + d.address + " --plaintext"
	case d.config.Host != "" && d.config.Plaintext:
		where = "--host " + d.config.Host + " --plaintext"
	case d.config.Host != "":
		where = "--host " + d.config.Host
	}
	return fmt.Sprintf("%s subscribe %s --key %s --auth-endpoint %s %s", d.config.Command, where, d.config.Key, d.url("http", "/pusher/auth"), app.DefaultChannel)
}
