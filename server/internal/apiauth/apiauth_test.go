package apiauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thimble-go/thimble/server/internal/apiauth"
)

// The example of Pusher's documentation.
const (
	docKey       = "278d425bdf160c739803"
	docSecret    = "7ad3773142a6692b25b8"
	docPath      = "/apps/3/events"
	docBody      = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	docSignature = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
)

var docTime = time.Unix(1353088179, 0)

func docQuery() url.Values {
	return url.Values{
		"auth_key":       {docKey},
		"auth_timestamp": {"1353088179"},
		"auth_version":   {"1.0"},
		"body_md5":       {"ec365a775a4cd0599faeb73354201b6f"},
		"auth_signature": {docSignature},
	}
}

func lookup(key string) (string, bool) {
	return map[string]string{docKey: docSecret, "second": "other", "empty": ""}[key], key == docKey || key == "second" || key == "empty"
}

func TestSignVector(t *testing.T) {
	t.Parallel()
	got := apiauth.Sign(docKey, docSecret, "POST", docPath, nil, []byte(docBody), docTime)
	if diff := cmp.Diff(docQuery(), got); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyVector(t *testing.T) {
	t.Parallel()
	r := apiauth.Request{Method: "POST", Path: docPath, RawPath: docPath, Query: docQuery(), Body: []byte(docBody)}
	if err := apiauth.Verify(r, docTime, lookup); err != nil {
		t.Error(err)
	}
}

func TestSignLeavesQueryAlone(t *testing.T) {
	t.Parallel()
	query := url.Values{"info": {"user_count"}, "body_md5": {"old"}, "auth_key": {"old"}}
	signed := apiauth.Sign(docKey, docSecret, "GET", "/apps/3/channels", query, nil, docTime)
	if diff := cmp.Diff(url.Values{"info": {"user_count"}, "body_md5": {"old"}, "auth_key": {"old"}}, query); diff != "" {
		t.Error(diff)
	}
	if signed.Has("body_md5") || signed.Get("info") != "user_count" || signed.Get("auth_key") != docKey {
		t.Errorf("signed %v", signed)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	set := func(name string, values ...string) func(*apiauth.Request) {
		return func(r *apiauth.Request) { r.Query[name] = values }
	}
	tests := []struct {
		name   string
		change func(*apiauth.Request)
		code   apiauth.Code
		says   string
	}{
		{"no parameters", func(r *apiauth.Request) { r.Query = nil }, apiauth.MissingParameter, "auth_key is missing"},
		{"no key", set("auth_key"), apiauth.MissingParameter, "auth_key is missing"},
		{"empty key", set("auth_key", ""), apiauth.MissingParameter, "auth_key is missing"},
		{"no timestamp", set("auth_timestamp"), apiauth.MissingParameter, "auth_timestamp is missing"},
		{"no version", set("auth_version"), apiauth.MissingParameter, "auth_version is missing"},
		{"no signature", set("auth_signature"), apiauth.MissingParameter, "auth_signature is missing"},
		{"no body_md5", set("body_md5"), apiauth.MissingParameter, "body_md5 is missing"},
		{"two keys", set("auth_key", docKey, "x"), apiauth.MissingParameter, "2 times"},
		{"two signatures", set("auth_signature", docSignature, docSignature), apiauth.MissingParameter, "2 times"},
		{"two body_md5", set("body_md5", "a", "b"), apiauth.MissingParameter, "2 times"},
		{"version", set("auth_version", "2.0"), apiauth.BadVersion, "send 1.0"},
		{"unknown key", set("auth_key", "nobody"), apiauth.UnknownKey, `"nobody" is no key`},
		{"key without a secret", set("auth_key", "empty"), apiauth.UnknownKey, "is no key"},
		{"timestamp in words", set("auth_timestamp", "now"), apiauth.BadTimestamp, "1353088179 is now"},
		{"timestamp in milliseconds", set("auth_timestamp", "1353088179000"), apiauth.BadTimestamp, "ahead of"},
		{"stale", set("auth_timestamp", "1353087578"), apiauth.BadTimestamp, "behind this server's clock, which says 1353088179 (2012-11-16T17:49:39Z)"},
		{"from the future", set("auth_timestamp", "1353088780"), apiauth.BadTimestamp, "ahead of"},
		{"smallest number", set("auth_timestamp", "-9223372036854775808"), apiauth.BadTimestamp, "behind"},
		{"largest number", set("auth_timestamp", "9223372036854775807"), apiauth.BadTimestamp, "ahead of"},
		{"number too large", set("auth_timestamp", "9223372036854775808"), apiauth.BadTimestamp, "Unix time"},
		{"another body", func(r *apiauth.Request) { r.Body = []byte("{}") }, apiauth.BadBodyMD5, "2 bytes"},
		{"body taken away", func(r *apiauth.Request) { r.Body = nil }, apiauth.BadBodyMD5, "0 bytes"},
		{"md5 not hexadecimal", set("body_md5", "x"), apiauth.BadBodyMD5, "body_md5 is not"},
		{"signature not hexadecimal", set("auth_signature", "x"), apiauth.BadSignature, "not hexadecimal"},
		{"short signature", set("auth_signature", docSignature[:62]), apiauth.BadSignature, "does not match"},
		{"another secret", set("auth_key", "second"), apiauth.BadSignature, "does not match"},
		{"another method", func(r *apiauth.Request) { r.Method = "GET" }, apiauth.BadSignature, `"GET\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f"`},
		{"another path", func(r *apiauth.Request) { r.Path = "/apps/4/events" }, apiauth.BadSignature, "/apps/4/events"},
		{"another parameter", set("info", "user_count"), apiauth.BadSignature, "info=user_count"},
		{"another timestamp", set("auth_timestamp", "1353088180"), apiauth.BadSignature, "auth_timestamp=1353088180"},
		{"long query", set("x", strings.Repeat("a", 10_000)), apiauth.BadSignature, `"...`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := apiauth.Request{Method: "POST", Path: docPath, Query: docQuery(), Body: []byte(docBody)}
			tt.change(&r)
			err := apiauth.Verify(r, docTime, lookup)
			var refused *apiauth.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if refused.Code != tt.code || refused.Status() != http.StatusUnauthorized {
				t.Errorf("got %v and status %d, want %v and 401", refused.Code, refused.Status(), tt.code)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %s", err, tt.says)
			}
			if strings.Contains(err.Error(), docSecret) || strings.Contains(err.Error(), docSignature) || len(err.Error()) > 2000 {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestVerifyAcceptsTheEdgesOfTime(t *testing.T) {
	t.Parallel()
	for _, seconds := range []int{-600, -1, 0, 1, 600} {
		t.Run(strconv.Itoa(seconds), func(t *testing.T) {
			t.Parallel()
			now := docTime.Add(time.Duration(seconds) * time.Second)
			r := apiauth.Request{Method: "POST", Path: docPath, Query: docQuery(), Body: []byte(docBody)}
			if err := apiauth.Verify(r, now, lookup); err != nil {
				t.Error(err)
			}
		})
	}
}

// Libraries write and sign the same request in different ways.
func TestVerifyAcceptsDialects(t *testing.T) {
	t.Parallel()
	const common = "auth_key=" + docKey + "&auth_timestamp=1353088179&auth_version=1.0"
	tests := []struct {
		name, method, target string // the target before the signature
		body, text           string // the text that the sender signed
	}{
		{"no parameters", "GET", "/apps/3/channels?" + common, "",
			"GET\n/apps/3/channels\n" + common},
		{"method in lower case", "get", "/apps/3/channels?" + common, "",
			"GET\n/apps/3/channels\n" + common},
		{"parameters out of order", "GET", "/apps/3/channels?info=user_count&" + common + "&filter_by_prefix=presence-", "",
			"GET\n/apps/3/channels\n" + common + "&filter_by_prefix=presence-&info=user_count"},
		{"names in capitals", "GET", "/apps/3/channels?Info=A&" + common, "",
			"GET\n/apps/3/channels\n" + common + "&info=A"},
		{"decoded value", "GET", "/apps/3/channels?" + common + "&x=foo%20bar%26%C3%A9", "",
			"GET\n/apps/3/channels\n" + common + "&x=foo bar&é"},
		{"plus as a space", "GET", "/apps/3/channels?" + common + "&x=foo+bar", "",
			"GET\n/apps/3/channels\n" + common + "&x=foo bar"},
		{"decoded path", "GET", "/apps/3/channels/some%20ch?" + common, "",
			"GET\n/apps/3/channels/some ch\n" + common},
		{"raw path", "GET", "/apps/3/channels/some%20ch?" + common, "",
			"GET\n/apps/3/channels/some%20ch\n" + common},
		{"raw path in lower case", "GET", "/apps/3/channels/a%2cb?" + common, "",
			"GET\n/apps/3/channels/a%2cb\n" + common},
		{"list as written", "GET", "/x?" + common + "&channels[]=b&channels[]=a", "",
			"GET\n/x\n" + common + "&channels[]=b&channels[]=a"},
		{"list joined", "GET", "/x?" + common + "&channels[]=b&channels[]=a", "",
			"GET\n/x\n" + common + "&channels=b,a"},
		{"list with escaped brackets, joined", "GET", "/x?" + common + "&channels%5B%5D=b&channels%5B%5D=a", "",
			"GET\n/x\n" + common + "&channels=b,a"},
		{"list of one, joined", "GET", "/x?" + common + "&channels[]=b", "",
			"GET\n/x\n" + common + "&channels=b"},
		{"numbered list, joined", "GET", "/x?" + common + "&c[0]=0&c[1]=1&c[2]=2&c[10]=10", "",
			"GET\n/x\n" + common + "&c=0,1,2,10"},
		{"repeated name, as written", "GET", "/x?" + common + "&x=2&x=1", "",
			"GET\n/x\n" + common + "&x=2&x=1"},
		{"repeated name, joined", "GET", "/x?" + common + "&x=2&x=1", "",
			"GET\n/x\n" + common + "&x=2,1"},
		{"joined list moves before its longer namesake", "GET", "/x?" + common + "&c-d=1&c[]=2", "",
			"GET\n/x\n" + common + "&c=2&c-d=1"},
		{"raw path and joined list", "GET", "/a%20b?" + common + "&c[]=1&c[]=2", "",
			"GET\n/a%20b\n" + common + "&c=1,2"},
		{"md5 of no body", "GET", "/x?" + common + "&body_md5=d41d8cd98f00b204e9800998ecf8427e", "",
			"GET\n/x\n" + common + "&body_md5=d41d8cd98f00b204e9800998ecf8427e"},
		{"empty md5 of no body", "GET", "/x?" + common + "&body_md5=", "",
			"GET\n/x\n" + common + "&body_md5="},
		{"md5 in capitals", "POST", "/x?" + common + "&body_md5=99914B932BD37A50B983C5E7C90AE93B", "{}",
			"POST\n/x\n" + common + "&body_md5=99914B932BD37A50B983C5E7C90AE93B"},
		{"bare semicolon", "GET", "/x?" + common + "&filter_by_prefix=a;b", "",
			"GET\n/x\n" + common + "&filter_by_prefix=a;b"},
		{"brackets that are no list", "GET", "/x?" + common + "&a[b]=1&[]=2&c[-1]=3", "",
			"GET\n/x\n[]=2&a[b]=1&" + common + "&c[-1]=3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			verify := func(text string) error {
				target := tt.target + "&auth_signature=" + hmacHex(docSecret, text)
				return apiauth.Verify(apiauth.FromHTTP(httptest.NewRequest(tt.method, target, nil), []byte(tt.body)), docTime, lookup)
			}
			if err := verify(tt.text); err != nil {
				t.Error(err)
			}
			if err := verify(tt.text + "x"); err == nil {
				t.Error("another signature was accepted")
			}
		})
	}
}

// Spellings that share a signature mean the same.
func TestParamsAreAsSigned(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"info=a":                         "info=a",
		"Info=a":                         "info=a",
		"info[]=a&info[]=b":              "info=a%2Cb",
		"info=a&info=b":                  "info=a%2Cb",
		"info[1]=b&info[0]=a":            "info=a%2Cb",
		"filter_by_prefix[]=a":           "filter_by_prefix=a",
		"filter_by_prefix=a,b;c&x=1":     "filter_by_prefix=a%2Cb%3Bc&x=1",
		"auth_signature=0&auth_key=k&b=": "auth_key=k&b=",
	} {
		values := make(url.Values)
		for _, pair := range strings.Split(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			values.Add(name, value)
		}
		if got := (apiauth.Request{Query: values}).Params().Encode(); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

func TestCodeNames(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for code := apiauth.MissingParameter; code <= apiauth.BadSignature; code++ {
		name := code.String()
		if seen[name] || strings.HasPrefix(name, "code_") {
			t.Errorf("code %d is called %s", code, name)
		}
		seen[name] = true
	}
	if got := apiauth.Code(99).String(); got != "code_99" {
		t.Errorf("got %s", got)
	}
}
