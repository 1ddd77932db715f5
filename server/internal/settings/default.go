package settings

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// Text returns a file with every field, its meaning and its default, and one
// application whose secret is still to be chosen.
func Text() string {
	var b strings.Builder
	b.WriteString("# Settings of \"thimble serve --config\". What is not there has the value that\n# stands here. Durations are like 90s or 1h30m, sizes in bytes.\n")
	write(&b, "", Default())
	b.WriteString("\n# One of these for each application. id, key and secret must be set.\n\n[[apps]]\n")
	write(&b, "", App{
		ID:         "app-id",
		Key:        "app-key",
		CacheTTL:   Duration{broker.DefaultCacheTTL},
		CacheBytes: broker.DefaultCacheBytes, MaxSubscriptions: broker.DefaultMaxSubscriptions,
		MaxMembers: broker.DefaultMaxMembers, MaxEventData: broker.DefaultMaxEventData,
		ClientEventRate: broker.DefaultClientEventRate,
	})
	b.WriteString("\n# [[apps.keys]]\n# key = \"\"\n# secret = \"\"\n")
	var hook strings.Builder
	write(&hook, "", Webhook{URL: "https://example.com/webhooks", Timeout: Duration{broker.DefaultWebhookTimeout}})
	b.WriteString("\n# [[apps.webhooks]]\n# " + strings.ReplaceAll(strings.TrimSuffix(hook.String(), "\n"), "\n", "\n# ") + "\n")
	return b.String()
}

func write(b *strings.Builder, indent string, v any) {
	r := reflect.ValueOf(v)
	for i := range r.NumField() {
		field := r.Type().Field(i)
		name, comment := field.Tag.Get("toml"), field.Tag.Get("comment")
		value := ""
		switch x := r.Field(i).Interface().(type) {
		case string:
			value = fmt.Sprintf("%q", x)
		case int, bool:
			value = fmt.Sprint(x)
		case Duration:
			value = fmt.Sprintf("%q", short(x.Duration))
		case []string, []Prefix:
			value = "[]"
		case map[string]string:
			value = "{}"
		case TLS, Console:
			fmt.Fprintf(b, "\n[%s] # %s\n", name, comment)
			write(b, indent, x)
			continue
		default:
			continue // lists of tables
		}
		fmt.Fprintf(b, "%s = %s", name, value)
		if comment != "" {
			b.WriteString(" # " + comment)
		}
		b.WriteByte('\n')
	}
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
