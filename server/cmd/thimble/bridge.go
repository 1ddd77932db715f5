package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/internal/bridge"
)

func newBridge() *cobra.Command {
	var device, dialTo, listenOn string
	var baud int
	var cfg bridge.Config
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bridge",
		Short: "Be the network of a board that has only a serial port",
		Long: `Be the network of a board that has only a serial port: its firmware uses
package serialnet, and the connections that it asks for are opened here. It runs
until Ctrl-C; boards may be unplugged, plugged in and restarted meanwhile.

The line is a serial device (--serial), or a TCP connection as emulators offer
it: --tcp connects to QEMU with -serial tcp:127.0.0.1:4000,server=on,wait=on;
--listen waits for QEMU with -serial tcp:127.0.0.1:4000,reconnect=1, which
without reconnect does not come back to a bridge that has restarted.

Nothing is allowed unless you name it with --allow, not even this machine: what
is plugged in would otherwise reach whatever listens here without a password,
and everything in your network that you reach. What a board asks for is shown,
with the option that would allow it. Names are compared as the board gives
them, and looked up here.

--tls HOST:PORT allows a destination as well, and connects to it with TLS: the
server's certificate is checked against HOST here, while the board speaks
plaintext. That protects what lies beyond this machine and nothing before it:
the serial line carries plain text, and this machine sees everything, keys and
tokens included. Without it the board's data leaves this machine as it came.

What the board prints on the line is shown too.`,
		Example: "  thimble bridge --serial /dev/ttyACM0 --allow 192.168.1.2:6001\n" +
			"  thimble bridge --serial COM3 --baud 9600 --tls ws-eu.pusher.com:443\n" +
			"  thimble bridge --tcp 127.0.0.1:4000 --allow 127.0.0.1:6001",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines := 0
			for _, flag := range []string{device, dialTo, listenOn} {
				if flag != "" {
					lines++
				}
			}
			switch {
			case lines == 0:
				return usage(cmd, errors.New("missing the line: --serial, --tcp or --listen"))
			case lines > 1:
				return usage(cmd, errors.New("--serial, --tcp and --listen exclude each other: one bridge serves one line"))
			case baud <= 0:
				return usage(cmd, errors.New("--baud is a positive number, such as 115200"))
			case cmd.Flags().Changed("baud") && device == "":
				return usage(cmd, errors.New("--baud goes with --serial"))
			}
			if _, _, err := net.SplitHostPort(dialTo); err != nil && dialTo != "" {
				return usage(cmd, errors.New("--tcp is host:port, such as 127.0.0.1:4000"))
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			t := &teller{out: &printer{out: cmd.OutOrStdout(), json: asJSON}, line: device + dialTo, cancel: cancel}
			cfg.Notify = t.tell
			b, err := bridge.New(cfg)
			if err != nil {
				return usage(cmd, err)
			}
			var open func(context.Context) (io.ReadWriteCloser, error)
			switch {
			case device != "":
				open = bridge.Serial(device, baud)
			case dialTo != "":
				open = bridge.TCP(dialTo)
			default:
				l, err := listen(listenOn, "--listen")
				if err != nil {
					return err
				}
				defer l.Close()
				open = bridge.Listener(l)
				t.line = l.Addr().String()
				text := "waiting for the line on " + t.line
				if !loopback(l) {
					text += ", where other machines reach it too: they can use what is allowed"
				}
				t.print(line{Event: "listening", Data: map[string]any{"address": t.line}}, text)
			}
			if len(cfg.Allow)+len(cfg.TLS) == 0 {
				t.print(line{Event: "nothing_allowed"}, "no destination is allowed yet: what the board asks for will be shown, with the option that allows it")
			}
			if err := b.Run(ctx, open); err != nil {
				return err
			}
			return t.out.failed()
		},
	}
	f := cmd.Flags()
	f.StringVar(&device, "serial", "", "serial `device` of the board, such as /dev/ttyACM0 or COM3")
	f.IntVar(&baud, "baud", 115200, "`speed` of the serial device; USB devices ignore it")
	f.StringVar(&dialTo, "tcp", "", "`host:port` where the line is offered over TCP")
	f.StringVar(&listenOn, "listen", "", "`host:port` to wait on for the line over TCP; port 0 takes a free one")
	f.StringArrayVar(&cfg.Allow, "allow", nil, "`host:port` that the board may connect to; may be repeated")
	f.StringArrayVar(&cfg.TLS, "tls", nil, "`host:port` to connect to with TLS, ended here: the line carries plain text; may be repeated")
	f.BoolVar(&asJSON, "json", false, "output as JSON, a line each")
	return cmd
}

// teller prints what happens on a bridge. It is called by one goroutine at a
// time.
type teller struct {
	out     *printer
	line    string // where the line is
	cancel  context.CancelFunc
	said    string // by the board, without the end of its line
	garbage int
}

// longest is how much of a line of a board is kept until it ends.
const longest = 400

func (t *teller) tell(e bridge.Event) {
	if e.Kind == bridge.Text {
		t.text(e.Text)
		return
	}
	t.flush()
	data := map[string]any{}
	address := clean(e.Address)
	if e.Address != "" {
		data["address"] = e.Address
	}
	if e.TLS {
		data["tls"] = true
		address += " with TLS"
	}
	failed := ""
	if e.Err != nil {
		failed = message(e.Err)
	}
	text := ""
	switch e.Kind {
	case bridge.Waiting:
		text = "waiting for the line: " + failed
	case bridge.LineUp:
		text = "the line is open"
		if t.line != "" {
			text += ": " + t.line
		}
	case bridge.LineDown:
		text = "the line has ended: " + failed
	case bridge.Board:
		text = "a board has begun a session"
	case bridge.Opened:
		text = "connected to " + address
	case bridge.Refused:
		text = "not connected to " + address + ": " + failed
	case bridge.Closed:
		data["up"], data["down"] = e.Up, e.Down
		text = fmt.Sprintf("closed %s, %d bytes up, %d down", address, e.Up, e.Down)
		if failed != "" {
			text += ": " + failed
		}
	case bridge.Version:
		data["version"] = e.Bytes
		text = fmt.Sprintf("the board speaks version %d of the line, which this tool does not: use firmware and tool of the same release", e.Bytes)
	case bridge.Garbage:
		before := t.garbage
		t.garbage += e.Bytes
		if before > 0 && digits(before) == digits(t.garbage) {
			return // a line of noise would fill the screen
		}
		data["bytes"] = t.garbage
		text = fmt.Sprintf("%d bytes came that are neither frames nor text; if connections fail, check --baud and the wiring", t.garbage)
	}
	t.print(line{Event: string(e.Kind), Data: data, Error: failed}, text)
}

// text prints what a board says, a line at a time.
func (t *teller) text(s string) {
	t.said += s
	for {
		text, rest, ended := strings.Cut(t.said, "\n")
		if !ended {
			break
		}
		t.say(text)
		t.said = rest
	}
	if len(t.said) > longest {
		t.flush()
	}
}

// flush prints a line that the board has not ended yet.
func (t *teller) flush() {
	if t.said != "" {
		t.say(t.said)
		t.said = ""
	}
}

func (t *teller) say(text string) {
	text = strings.TrimRight(text, "\r")
	if text != "" {
		t.print(line{Event: "text", Data: text}, "board: "+clean(text))
	}
}

// print prints, and ends the bridge when nobody can read it any more.
func (t *teller) print(l line, text string) {
	t.out.print(l, text)
	if t.out.failed() != nil {
		t.cancel()
	}
}

func digits(n int) int { return len(fmt.Sprint(n)) }
