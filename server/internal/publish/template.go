package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"
)

// Template makes texts: see Help.
type Template struct {
	t    *template.Template
	json bool // it gives JSON
}

// Help says what a template may hold.
const Help = `  {{.N}}            the event's number, from 1 on
  {{.Time}}         the time, such as 2026-01-02T15:04:05.123Z; {{.Time.UnixMilli}}
                    is a number, and {{.Time.Format "15:04"}} any form of Go's
  {{.Line}}         the line read, with --lines, escaped to stand within a
                    string of JSON: "{{.Line}}"
  {{json .Line}}    as JSON, with the quotes; {{raw .Line}} as it came
  {{random 1 6}}    a whole number, both ends included
  {{pick "a" "b"}}  one of them

The rest is Go's text/template. What begins like JSON has to become JSON.`

// values are what a template is executed with.
type values struct {
	N    int
	Time stamp
	Line escaped
}

// stamp is a time whose text stands well in JSON.
type stamp struct{ time.Time }

func (s stamp) String() string { return s.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// escaped is a text that a template shows as it has to stand within a string
// of JSON: what comes from elsewhere cannot end that string.
type escaped string

func (e escaped) String() string {
	quoted, _ := toJSON(string(e)) // it is UTF-8
	return quoted[1 : len(quoted)-1]
}

var functions = template.FuncMap{
	"json":   toJSON,
	"raw":    func(v any) string { return fmt.Sprint(plain(v)) },
	"random": random,
	"pick":   pick,
}

// ParseTemplate reads a template, and tries it once.
func ParseTemplate(text string) (*Template, error) {
	t, err := template.New("").Funcs(functions).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the template cannot be read: %s", bare(err))
	}
	begin := strings.TrimSpace(text)
	p := &Template{t: t, json: begin != "" && (strings.HasPrefix(begin, `"`) || begin[0] == '{' && !strings.HasPrefix(begin, "{{") || begin[0] == '[')}
	_, err = p.Make(1, `"`)
	return p, err
}

// Make makes a text.
func (p *Template) Make(n int, line string) (string, error) {
	if !utf8.ValidString(line) {
		return "", fmt.Errorf("line %d is not UTF-8; encode binary data, as in base64", n)
	}
	var out bounded
	if err := p.t.Execute(&out, values{N: n, Time: stamp{time.Now()}, Line: escaped(line)}); err != nil {
		if errors.Is(err, errLarge) {
			return "", errLarge
		}
		return "", fmt.Errorf("the template fails: %s", bare(err))
	}
	if p.json && !json.Valid(out.Bytes()) {
		return "", fmt.Errorf("the template begins like JSON and gives none: %s; within quotes write {{.Line}}, without {{json .Line}}", shown(out.Bytes()))
	}
	return out.String(), nil
}

// bare is an error of text/template without its name for the text.
func bare(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), "template: :"), "publish.values", "what a template is given")
}

// shown is the beginning of a text.
func shown(text []byte) string {
	const most = 200
	if len(text) <= most {
		return string(text)
	}
	return strings.ToValidUTF8(string(text[:most]), "") + "..."
}

// bounded is a buffer up to MaxData.
type bounded struct{ bytes.Buffer }

var errLarge = fmt.Errorf("the template gives more than %d bytes", MaxData)

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxData {
		return 0, errLarge
	}
	return b.Buffer.Write(p)
}

// plain takes off what values has put around a text or a time.
func plain(v any) any {
	switch v := v.(type) {
	case escaped:
		return string(v)
	case stamp:
		return v.String()
	}
	return v
}

func toJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(plain(v))
	return strings.TrimSuffix(b.String(), "\n"), err
}

func random(low, high int) (int, error) {
	if high < low || high-low+1 <= 0 {
		return 0, fmt.Errorf("random takes the lowest and the highest number, not %d and %d", low, high)
	}
	return low + rand.IntN(high-low+1), nil
}

func pick(from ...any) (any, error) {
	if len(from) == 0 {
		return nil, errors.New("pick takes what to choose from")
	}
	return from[rand.IntN(len(from))], nil
}
