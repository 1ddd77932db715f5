package apiauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/server/internal/apiauth"
)

func hmacHex(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// FuzzVerify takes any query, path and body: what Sign signs verifies, and
// what nobody signed does not.
func FuzzVerify(f *testing.F) {
	f.Add("POST", docPath, docQuery().Encode(), []byte(docBody))
	f.Add("GET", "/apps/3/channels/a%20b", "channels[]=a&channels[]=b&Info=x&info=y", []byte(nil))
	f.Add("GET", "/", "a[10]=1&a[9]=2&a[]=3&a=4&[]=5&a[x]=6&a[99999999999999999999]=7", []byte("x"))
	f.Add("", "", "%00=%ff&auth_timestamp=-9223372036854775808&auth_key=empty&auth_version=1.0&auth_signature=00", []byte{0})
	f.Fuzz(func(t *testing.T, method, target, rawQuery string, body []byte) {
		query, _ := url.ParseQuery(rawQuery)
		path, err := url.PathUnescape(target)
		if err != nil {
			path = target
		}
		r := apiauth.Request{Method: method, Path: path, RawPath: target, Query: query, Body: body}

		err = apiauth.Verify(r, docTime, lookup)
		var refused *apiauth.Error
		if err != nil && (!errors.As(err, &refused) || strings.Contains(err.Error(), docSecret) || refused.Code == 0) {
			t.Errorf("refused with %v", err)
		}
		if err == nil && query.Get("auth_signature") != docSignature {
			t.Errorf("accepted %q", rawQuery)
		}

		r.Query = apiauth.Sign(docKey, docSecret, method, path, query, body, docTime)
		if err := apiauth.Verify(r, docTime, lookup); err != nil {
			t.Errorf("signed and refused: %v", err)
		}
		r.Query = apiauth.Sign(docKey, "another", method, path, query, body, docTime)
		if apiauth.Verify(r, docTime, lookup) == nil {
			t.Error("accepted the signature of another secret")
		}
	})
}
