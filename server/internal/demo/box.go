package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Box returns what the demo says when it has started: the addresses and
// credentials in a frame, and below it, unframed so that they can be copied,
// the lines to paste.
func (d *Demo) Box() string {
	service := "embedded broker, no account needed"
	secret := d.config.Secret
	if d.hosted() {
		service = d.websocketOrigin(d.address)
		secret = "(from the environment)"
	}
	rows := [][2]string{
		{"Page", d.Page()},
		{"Service", service},
		{"WebSocket", d.WebSocket()},
		{"App key", d.config.Key},
		{"Secret", secret},
	}
	width := 0
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = fmt.Sprintf("%-10s %s", row[0], row[1])
		width = max(width, utf8.RuneCountInString(lines[i]))
	}
	title := " thimble demo "
	var b strings.Builder
	fmt.Fprintf(&b, "╭─%s%s╮\n", title, strings.Repeat("─", width+1-len(title)))
	for _, line := range lines {
		fmt.Fprintf(&b, "│ %s%s │\n", line, strings.Repeat(" ", width-utf8.RuneCountInString(line)))
	}
	fmt.Fprintf(&b, "╰%s╯\n", strings.Repeat("─", width+2))
	fmt.Fprintf(&b, "\nOpen the page: a simulated device is on it. Turn its LED on, ping it, pull its plug.\n")
	for _, s := range d.Snippets() {
		fmt.Fprintf(&b, "\n%s:\n%s\n", s.Title, s.Code)
	}
	fmt.Fprintf(&b, "\nCtrl-C ends it.\n")
	return b.String()
}
