package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Soketi reads the file of soketi's --config, whose names are paths of options:
// {"port": 6001, "appManager.array.apps": [...]}, or objects in each other. It
// means what the environment means to which each option belongs. What soketi
// has where the file says nothing, and this broker has not, is in s too. told
// has what could not be taken over, and what to do, without any secret. Errors go
// behind the file's name and a colon.
func Soketi(text []byte) (s Settings, told []string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var file map[string]any
	if err := decoder.Decode(&file); err != nil || decoder.More() {
		return s, nil, notJSON(text, decoder.InputOffset(), err)
	}
	f := soketiFile{options: make(map[string]any)}
	for _, path := range slices.Sorted(maps.Keys(file)) {
		f.flatten(path, file[path]) // a list of apps comes before a field of one
	}
	if s, told, err = f.read(); err != nil {
		err = fmt.Errorf(" %w", err)
	}
	return s, told, err
}

// notJSON says where a text is none.
func notJSON(text []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	line := 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
	return fmt.Errorf("%d: it is no object in JSON, such as %s", line, `{"appManager.array.apps": [{"id": "1", "key": "k", "secret": "s"}]}`)
}

// soketiFile is what such a file says.
type soketiFile struct {
	options map[string]any // by path; the values are no objects
	told    []string
}

const soketiApps = "appManager.array.apps"

// flatten takes a value apart. Lists stay as they are, but for that of the apps.
func (f *soketiFile) flatten(path string, value any) {
	if _, app := strings.CutPrefix(path, soketiApps+"."); app && (strings.HasSuffix(path, ".webhooks") || strings.HasSuffix(path, ".Webhooks")) {
		f.options[path] = value
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			f.flatten(path+"."+name, v[name])
		}
	case []any:
		if path != soketiApps {
			f.options[path] = v
			return
		}
		for i, app := range v {
			f.flatten(path+"."+strconv.Itoa(i), app)
		}
	case nil:
	default:
		f.options[path] = v
	}
}

// soketiDefaults are those of soketi 1.6 that are others here.
var soketiDefaults = map[string]string{
	"SOKETI_HOST":                  "0.0.0.0",
	"SOKETI_SHUTDOWN_GRACE_PERIOD": "3000",
	"SOKETI_EVENT_MAX_SIZE_IN_KB":  "100",
	"SOKETI_CHANNEL_CACHE_TTL":     "3600",
}

// soketiOptions are the paths of variables: src/cli/cli.ts of soketi.
var soketiOptions = map[string]string{
	"host": "SOKETI_HOST", "port": "SOKETI_PORT", "debug": "SOKETI_DEBUG", "shutdownGracePeriod": "SOKETI_SHUTDOWN_GRACE_PERIOD",
	"ssl.certPath": "SOKETI_SSL_CERT", "ssl.keyPath": "SOKETI_SSL_KEY",
	"metrics.enabled": "SOKETI_METRICS_ENABLED", "metrics.host": "SOKETI_METRICS_HOST", "metrics.port": "SOKETI_METRICS_SERVER_PORT",
	"presence.maxMembersPerChannel": "SOKETI_PRESENCE_MAX_MEMBERS", "eventLimits.maxPayloadInKb": "SOKETI_EVENT_MAX_SIZE_IN_KB",
	"channelLimits.cacheTtl": "SOKETI_CHANNEL_CACHE_TTL", "userAuthenticationTimeout": "SOKETI_USER_AUTHENTICATION_TIMEOUT",
	"webhooks.batching.enabled": "SOKETI_WEBHOOKS_BATCHING",
}

// soketiFields are the names that a field of an application has in src/app.ts
// of soketi, which come from several databases, and the variable of each.
var soketiFields = func() map[string]string {
	fields := make(map[string]string)
	for variable, names := range map[string]string{
		"SOKETI_DEFAULT_APP_ID":                         "id AppId",
		"SOKETI_DEFAULT_APP_KEY":                        "key AppKey",
		"SOKETI_DEFAULT_APP_SECRET":                     "secret AppSecret",
		"SOKETI_DEFAULT_APP_ENABLED":                    "enabled Enabled",
		"SOKETI_DEFAULT_APP_MAX_CONNS":                  "maxConnections MaxConnections max_connections",
		"SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES":     "enableClientMessages EnableClientMessages enable_client_messages",
		"SOKETI_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC": "maxBackendEventsPerSecond MaxBackendEventsPerSecond max_backend_events_per_sec",
		"SOKETI_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SEC":  "maxClientEventsPerSecond MaxClientEventsPerSecond max_client_events_per_sec",
		"SOKETI_DEFAULT_APP_USER_AUTHENTICATION":        "enableUserAuthentication EnableUserAuthentication enable_user_authentication",
		"SOKETI_DEFAULT_APP_WEBHOOKS":                   "webhooks Webhooks",
		"SOKETI_PRESENCE_MAX_MEMBERS":                   "maxPresenceMembersPerChannel MaxPresenceMembersPerChannel max_presence_members_per_channel",
		"SOKETI_EVENT_MAX_SIZE_IN_KB":                   "maxEventPayloadInKb MaxEventPayloadInKb max_event_payload_in_kb",
	} {
		for _, name := range strings.Fields(names) {
			fields[name] = variable
		}
	}
	return fields
}()

// soketiNothing are paths of soketi's, or what they begin with, of which there
// is nothing here, and why.
var soketiNothing = []struct{ paths, why string }{
	{"adapter cluster cache database databasePooling queue rateLimiter appManager.cache appManager.dynamodb appManager.mysql appManager.postgres instance mode", "this broker is one process and keeps everything itself"},
	{"channelLimits.maxNameLength eventLimits.maxChannelsAtOnce eventLimits.maxNameLength eventLimits.maxBatchSize presence.maxMemberSizeInKb", "the protocol says how much that is"},
	{"cors", "the HTTP API is for servers; origins of an app says which pages may connect"},
	{"metrics.driver metrics.prometheus", "the metrics have names of their own, see docs/broker.md"},
	{"httpApi", "requests are bounded by what the apps may publish"},
	{"pathPrefix", "a proxy in front can take it off"},
	{"ssl.passphrase ssl.caPath", "the key of tls has no passphrase, and certificate has those in between"},
	{"webhooks.batching.duration", "events are batched while others wait"},
}

// soketiNoField is the same for the fields of an application.
var soketiNoField = []struct{ paths, why string }{
	{"maxReadRequestsPerSecond MaxReadRequestsPerSecond max_read_req_per_sec", "request_rate counts all requests"},
	{"maxPresenceMemberSizeInKb MaxPresenceMemberSizeInKb max_presence_member_size_in_kb maxChannelNameLength MaxChannelNameLength max_channel_name_length " +
		"maxEventChannelsAtOnce MaxEventChannelsAtOnce max_event_channels_at_once maxEventNameLength MaxEventNameLength max_event_name_length maxEventBatchSize MaxEventBatchSize max_event_batch_size", "the protocol says how much that is"},
}

func (f *soketiFile) tell(format string, args ...any) {
	f.told = append(f.told, fmt.Sprintf(format, args...))
}

// nothing tells why a path is not taken over.
func (f *soketiFile) nothing(path, name string, known []struct{ paths, why string }) {
	for _, one := range known {
		for prefix := range strings.FieldsSeq(one.paths) {
			if name == prefix || strings.HasPrefix(name, prefix+".") {
				f.tell("%s is left out: %s", path, one.why)
				return
			}
		}
	}
	f.tell("%s is left out: soketi 1.6 has no such option that is known here", path)
}

// read makes settings of the options.
func (f *soketiFile) read() (s Settings, told []string, err error) {
	server := maps.Clone(soketiDefaults)
	from := make(map[string]string) // which path a variable is from
	apps := make(map[int]map[string]any)
	for _, path := range slices.Sorted(maps.Keys(f.options)) {
		value := f.options[path]
		if rest, ok := strings.CutPrefix(path, soketiApps+"."); ok {
			number, field, _ := strings.Cut(rest, ".")
			if i, err := strconv.Atoi(number); err == nil && i >= 0 && field != "" {
				if apps[i] == nil {
					apps[i] = make(map[string]any)
				}
				apps[i][field] = value
				continue
			}
		}
		variable := soketiOptions[path]
		text, plain := soketiText(value)
		switch {
		case path == "appManager.driver" && text == "array": // as here
		case path == "appManager.driver":
			f.tell("appManager.driver is %q: the applications there are not read, add [[apps]] for each", text)
		case plain && text == "": // as if it were not there
		case variable == "":
			f.nothing(path, path, soketiNothing)
		case !plain:
			return s, nil, fmt.Errorf("%s is neither a text nor a number nor true or false", path)
		default:
			server[variable], from[variable] = text, path
		}
	}
	s = Default()
	e := f.env(&s, server, from)
	if e.soketiServer(); e.err != nil {
		return s, nil, e.err
	}
	for _, i := range slices.Sorted(maps.Keys(apps)) {
		app, err := f.app(fmt.Sprintf("%s.%d", soketiApps, i), apps[i], server, from)
		if err != nil {
			return s, nil, err
		}
		s.Apps = append(s.Apps, app)
	}
	return s, f.told, nil
}

// env reads variables, and names them in errors as the file does.
func (f *soketiFile) env(s *Settings, values, from map[string]string) *env {
	return &env{
		settings: s,
		lookup:   func(name string) (string, bool) { v, ok := values[name]; return v, ok },
		called: func(name string) string {
			if path, ok := from[name]; ok {
				return path
			}
			return name
		},
	}
}

// app makes an application of its fields.
func (f *soketiFile) app(path string, fields map[string]any, server, from map[string]string) (App, error) {
	values, from := maps.Clone(server), maps.Clone(from)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		name := path + "." + field
		variable := soketiFields[field]
		text, plain := soketiText(fields[field])
		switch {
		case variable == "SOKETI_DEFAULT_APP_WEBHOOKS":
			hooks, err := f.webhooks(name, fields[field])
			if err != nil {
				return App{}, err
			}
			values[variable], from[variable] = hooks, name
		case plain && text == "":
		case variable == "":
			f.nothing(name, field, soketiNoField)
		case !plain:
			return App{}, fmt.Errorf("%s is neither a text nor a number nor true or false", name)
		default:
			values[variable], from[variable] = text, name
		}
	}
	var s Settings
	s.Apps = []App{{}}
	e := f.env(&s, values, from)
	if e.soketiApp(); e.err != nil {
		return App{}, e.err
	}
	app := s.Apps[0]
	for _, one := range []struct{ value, name string }{{app.ID, "id"}, {app.Key, "key"}, {app.Secret, "secret"}} {
		if one.value == "" {
			f.tell("%s has no %s; soketi takes app-%s then, which everybody knows: choose one", path, one.name, one.name)
		}
	}
	if app.ClientEvents && app.ClientEventRate == 0 {
		f.tell("%s has no maxClientEventsPerSecond: set client_event_rate, if the default is too few", path)
	}
	return app, nil
}

// webhooks returns those that can be taken over, as the variable has them. Like
// soketi it takes a list, and one in a text.
func (f *soketiFile) webhooks(path string, value any) (string, error) {
	if text, ok := value.(string); ok {
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return "", fmt.Errorf("%s is no list of webhooks", path)
		}
	}
	list, ok := value.([]any)
	if !ok && value != nil {
		return "", fmt.Errorf("%s is no list of webhooks", path)
	}
	kept := []any{}
	for i, one := range list {
		hook, ok := one.(map[string]any)
		if !ok {
			return "", fmt.Errorf("%s.%d is no webhook", path, i)
		}
		for _, field := range slices.Sorted(maps.Keys(hook)) {
			switch field {
			case "url", "event_types", "headers":
			case "filter":
				filter, _ := hook[field].(map[string]any)
				for _, name := range slices.Sorted(maps.Keys(filter)) {
					if name != "channel_name_starts_with" && name != "channel_name_ends_with" {
						f.tell("%s.%d.filter.%s is left out: soketi 1.6 has no such filter", path, i, name)
					}
				}
			case "lambda_function", "lambda":
				f.tell("%s.%d.%s is left out: functions of AWS Lambda are not called", path, i, field)
			case "filters":
				f.tell("%s.%d.filters is left out: soketi 1.6 reads filter, and so takes no notice of it; channel_prefix and channel_suffix do what is meant", path, i)
			default:
				f.tell("%s.%d.%s is left out: soketi 1.6 has no such field of a webhook", path, i, field)
			}
		}
		if url, _ := hook["url"].(string); url == "" {
			f.tell("%s.%d is left out: it has no url", path, i)
			continue
		}
		kept = append(kept, hook)
	}
	text, err := json.Marshal(kept)
	return string(text), err
}

// soketiText is a value as its variable would have it; false if it is a list.
func soketiText(value any) (text string, plain bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case []any:
		return "", len(v) == 0
	}
	return "", true
}
