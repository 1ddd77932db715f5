package websocket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

// wire is a text on its way: its frames, and for each octet of the text how
// many bytes have passed with it.
type wire struct {
	in    []byte
	octet []int
}

// text makes the frames of a text that is given in fragments.
func (w *wire) text(server bool, fragments ...string) {
	for i, payload := range fragments {
		first := byte(opContinuation)
		if i == 0 {
			first = opText
		}
		if i == len(fragments)-1 {
			first |= 0x80
		}
		frame := raw(server, first, payload)
		for j := range len(payload) {
			w.octet = append(w.octet, len(w.in)+len(frame)-len(payload)+j+1)
		}
		w.in = append(w.in, frame...)
	}
}

func octets(text string) (all []string) {
	for i := range len(text) {
		all = append(all, text[i:i+1])
	}
	return all
}

func hexes(b ...string) string {
	var text strings.Builder
	for _, h := range strings.Fields(strings.Join(b, " ")) {
		var c byte
		fmt.Sscanf(h, "%x", &c)
		text.WriteByte(c)
	}
	return text.String()
}

const kosme = "κ\u1f79σμε" // 2, 3, 2, 2 and 2 octets

func TestSuiteUTF8(t *testing.T) { // 6.*
	runSuite(t, func(server bool) (cases []suiteCase) {
		// good adds a text that is found, bad one that is refused with an octet,
		// counted from 0; if that is behind its end, with the last byte.
		good := func(name string, fragments ...string) {
			var w wire
			w.text(server, fragments...)
			cases = append(cases, suiteCase{name, w.in, []string{fmt.Sprintf("text %q", strings.Join(fragments, ""))}, nil, 0})
		}
		bad := func(name string, octet int, fragments ...string) {
			var w wire
			w.text(server, fragments...)
			at := len(w.in)
			if octet < len(w.octet) {
				at = w.octet[octet]
			}
			cases = append(cases, suiteCase{name, w.in, nil, websocket.ErrUTF8, at})
		}

		good("6.1.1 empty text", "")
		good("6.1.2 three empty fragments", "", "", "")
		good("6.1.3 first and last fragment empty", "", "middle", "")
		const mixed = "Hello-µ@ßöäüàá-UTF-8!!"
		good("6.2.1 whole", mixed)
		good("6.2.2 cut between characters", mixed[:12], mixed[12:])
		good("6.2.3 in fragments of one octet", octets(mixed)...)
		good("6.2.4 in fragments of one octet, all letters long", octets(kosme)...)

		const surrogate = "Hello-µ@ßöäüàá-UTF-8!!" + "\xed\xa0\x80edited"
		breach := len(mixed) + 1 // ED may not be followed by A0
		bad("6.3.1 surrogate, whole", breach, surrogate)
		bad("6.3.2 surrogate, in fragments of one octet", breach, octets(surrogate)...)

		// The octet that makes the text invalid, and what could come behind it:
		// it is refused before the rest of the message arrives.
		bad("6.4.1 fail fast: three fragments, the second is bad", len(kosme)+1, kosme, "\xf4\x90\x80\x80", "edited")
		bad("6.4.2 fail fast: cut within the character", len(kosme)+1, kosme+"\xf4", "\x90", "\x80\x80edited")
		bad("6.4.3 fail fast: one frame, the second chop is bad", len(kosme)+1, kosme+"\xf4\x90\x80\x80"+"edited")
		bad("6.4.4 fail fast: one frame, cut within the character", len(kosme)+1, kosme+"\xf4"+"\x90"+"\x80\x80edited")

		for i, text := range []string{kosme, kosme[:2], kosme[:5], kosme[:7], kosme[:9]} {
			good(fmt.Sprintf("6.5.%d valid %q", i+1, text), text)
		}
		for n := 1; n <= len(kosme); n++ {
			name := fmt.Sprintf("6.6.%d first %d octets of a text", n, n)
			switch n {
			case 2, 5, 7, 9, 11:
				good(name, kosme[:n])
			default:
				bad(name, n, kosme[:n])
			}
		}

		for _, group := range []struct {
			number string
			valid  bool
			texts  []string // in hexadecimal, and for a bad one behind a colon which octet is refused
		}{
			{"6.7 first sequence of its length", true, []string{"00", "c2 80", "e0 a0 80", "f0 90 80 80"}},
			{"6.8 first sequence of five, six octets", false, []string{"f8 88 80 80 80:0", "fc 84 80 80 80 80:0"}},
			{"6.9 last sequence of its length", true, []string{"7f", "df bf", "ef bf bf", "f4 8f bf bf"}},
			{"6.10 last sequence of its length, beyond Unicode", false, []string{"f7 bf bf bf:0", "fb bf bf bf bf:0", "fd bf bf bf bf bf:0"}},
			{"6.11.1 to 4 at borders", true, []string{"ed 9f bf", "ee 80 80", "ef bf bd", "f4 8f bf bf"}},
			{"6.11.5 behind the last character", false, []string{"f4 90 80 80:1"}},
			{"6.12 continuations alone", false, []string{"80:0", "bf:0", "80 bf:0", "80 bf 80:0", "80 bf 80 bf:0", "80 bf 80 bf 80:0", "80 bf 80 bf 80 bf:0", "80 81 82 83 84 85 86 87 88 89 8a 8b bd be bf:0"}},
			{"6.13 first octets alone", false, []string{"c2 20 c3 20 df 20:1", "e0 20 e1 20 ef 20:1", "f0 20 f1 20 f4 20:1", "f8 20 f9 20:0", "fc 20:0"}},
			{"6.14 last continuation missing", false, []string{"c2:1", "e0 a0:2", "f0 90 80:3", "f8 88 80 80:0", "fc 84 80 80 80:0", "df:1", "ef bf:2", "f4 8f bf:3", "fb bf bf bf:0", "fd bf bf bf bf:0"}},
			{"6.15 all those in a row", false, []string{"c2 e0 a0 f0 90 80 f8 88 80 80:1"}},
			{"6.16 octets that never occur", false, []string{"fe:0", "ff:0", "fe fe ff ff:0"}},
			{"6.17 too long a form of a slash", false, []string{"c0 af:0", "e0 80 af:1", "f0 80 80 af:1", "f8 80 80 80 af:0", "fc 80 80 80 80 af:0"}},
			{"6.18 largest too long a form", false, []string{"c1 bf:0", "e0 9f bf:1", "f0 8f bf bf:1", "f8 87 bf bf bf:0", "fc 83 bf bf bf bf:0"}},
			{"6.19 too long a form of zero", false, []string{"c0 80:0", "e0 80 80:1", "f0 80 80 80:1", "f8 80 80 80 80:0", "fc 80 80 80 80 80:0"}},
			{"6.20 surrogate alone", false, []string{"ed a0 80:1", "ed ad bf:1", "ed ae 80:1", "ed af bf:1", "ed b0 80:1", "ed be 80:1", "ed bf bf:1"}},
			{"6.21 surrogates in pairs", false, []string{"ed a0 80 ed b0 80:1", "ed a0 80 ed bf bf:1", "ed ad bf ed b0 80:1", "ed ad bf ed bf bf:1", "ed ae 80 ed b0 80:1", "ed ae 80 ed bf bf:1", "ed af bf ed b0 80:1", "ed af bf ed bf bf:1"}},
			{"6.23 special characters", true, []string{"ef bf b9", "ef bf ba", "ef bf bb", "ef bf bc", "ef bf bd", "ef bf be", "ef bf bf"}},
		} {
			number, rest, _ := strings.Cut(group.number, " ")
			for i, hex := range group.texts {
				hex, octet, _ := strings.Cut(hex, ":")
				name := fmt.Sprintf("%s.%d %s: %s", number, i+1, rest, hex)
				text := hexes(hex)
				if group.valid {
					good(name, text)
					good(name+" in fragments", octets(text)...)
					continue
				}
				var at int
				fmt.Sscan(octet, &at)
				bad(name, at, text)
				bad(name+" in fragments", at, octets(text)...)
				if at < len(text) {
					bad(name+" with more behind it", at, text+strings.Repeat("x", 200))
				}
			}
		}
		number := 0
		for plane := rune(0); plane <= 16; plane++ {
			for _, last := range []rune{0xFFFE, 0xFFFF} {
				number++
				char := plane<<16 | last
				good(fmt.Sprintf("6.22.%d no character, but valid: U+%04X", number, char), string(char))
			}
		}
		return cases
	})
}
