package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// Text returns a file with every field, its meaning and its default, and one
// application whose secret is still to be chosen.
func Text() string {
	var b strings.Builder
	b.WriteString("# Settings of \"thimble serve --config\". What is not there has the value that\n# stands here. Durations are like 90s or 1h30m, sizes in bytes.\n")
	write(&b, Default())
	b.WriteString("\n# One of these for each application. id, key and secret must be set.\n\n[[apps]]\n")
	write(&b, App{
		ID:         "app-id",
		Key:        "app-key",
		CacheTTL:   Duration{broker.DefaultCacheTTL},
		CacheBytes: broker.DefaultCacheBytes, MaxSubscriptions: broker.DefaultMaxSubscriptions,
		MaxMembers: broker.DefaultMaxMembers, MaxEventData: broker.DefaultMaxEventData,
		ClientEventRate: broker.DefaultClientEventRate,
	})
	b.WriteString("\n# [[apps.keys]]\n# key = \"\"\n# secret = \"\"\n")
	var hook strings.Builder
	write(&hook, Webhook{URL: "https://example.com/webhooks", Timeout: Duration{broker.DefaultWebhookTimeout}})
	b.WriteString("\n# [[apps.webhooks]]\n# " + strings.ReplaceAll(strings.TrimSuffix(hook.String(), "\n"), "\n", "\n# ") + "\n")
	return b.String()
}

// Changed returns a file with the fields that are not the default, and their
// meaning. It holds secrets.
func (s *Settings) Changed() string {
	var b strings.Builder
	writeFields(&b, *s, Default())
	for _, app := range s.Apps {
		b.WriteString("\n[[apps]]\n")
		writeFields(&b, app, App{})
		for _, key := range app.Keys {
			b.WriteString("\n[[apps.keys]]\n")
			writeFields(&b, key, Key{})
		}
		for _, hook := range app.Webhooks {
			b.WriteString("\n[[apps.webhooks]]\n")
			writeFields(&b, hook, Webhook{})
		}
	}
	return b.String()
}

func write(b *strings.Builder, v any) { writeFields(b, v, nil) }

// writeFields writes the fields of a struct that are others than in unless, or
// all if that is nil. Lists of tables are left out.
func writeFields(b *strings.Builder, v, unless any) {
	r := reflect.ValueOf(v)
	var tables strings.Builder // which come behind all values
	for i := range r.NumField() {
		var base any
		if unless != nil {
			if base = reflect.ValueOf(unless).Field(i).Interface(); reflect.DeepEqual(base, r.Field(i).Interface()) {
				continue
			}
		}
		field := r.Type().Field(i)
		name, comment := field.Tag.Get("toml"), field.Tag.Get("comment")
		value := ""
		switch x := r.Field(i).Interface().(type) {
		case string:
			value = quote(x)
		case int, bool:
			value = fmt.Sprint(x)
		case Duration:
			value = fmt.Sprintf("%q", short(x.Duration))
		case []string:
			value = list(x)
		case []Prefix:
			texts := make([]string, len(x))
			for i, p := range x {
				texts[i] = netip.Prefix(p).String()
			}
			value = list(texts)
		case map[string]string:
			value = table(x)
		case TLS, Console:
			fmt.Fprintf(&tables, "\n[%s] # %s\n", name, comment)
			writeFields(&tables, x, base)
			continue
		default:
			continue
		}
		fmt.Fprintf(b, "%s = %s", name, value)
		if comment != "" {
			b.WriteString(" # " + comment)
		}
		b.WriteByte('\n')
	}
	b.WriteString(tables.String())
}

func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func table(fields map[string]string) string {
	if len(fields) == 0 {
		return "{}"
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		pairs = append(pairs, quote(name)+" = "+quote(fields[name]))
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

// quote writes a string of TOML, whose escapes are JSON's.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // strings never fail
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}

// short writes 30m0s as 30m.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
