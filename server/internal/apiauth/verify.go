package apiauth

import (
	"crypto/hmac"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Verify returns nil if the request is signed with a secret of the application
// and is no older than [MaxAge] at now. lookup returns the secret of a key, or
// false if the application has no such key. Any other outcome is an [*Error].
// The comparisons take the same time for every wrong value.
func Verify(r Request, now time.Time, lookup func(key string) (secret string, ok bool)) error {
	for _, name := range []string{paramKey, paramTimestamp, paramVersion, paramSignature} {
		switch values := r.Query[name]; {
		case len(values) == 0 || values[0] == "":
			return refuse(MissingParameter, "the query parameter %s is missing: send auth_key, auth_timestamp, auth_version, auth_signature and, with a body, body_md5", name)
		case len(values) > 1:
			return refuse(MissingParameter, "the query parameter %s is given %d times: send it once", name, len(values))
		}
	}
	if version := r.Query.Get(paramVersion); version != Version {
		return refuse(BadVersion, "auth_version is %s: send 1.0", shown(version))
	}
	key := r.Query.Get(paramKey)
	secret, ok := lookup(key)
	if !ok || secret == "" {
		return refuse(UnknownKey, "auth_key %s is no key of this application: check the key and the application id in the path", shown(key))
	}
	if err := checkTimestamp(r.Query.Get(paramTimestamp), now); err != nil {
		return err
	}
	if err := checkBody(r.Query[paramBodyMD5], r.Body); err != nil {
		return err
	}
	return checkSignature(r, secret)
}

func checkTimestamp(value string, now time.Time) error {
	clock := now.Unix()
	sent, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return refuse(BadTimestamp, "auth_timestamp is %s: send Unix time in seconds, as %d is now on this server", shown(value), clock)
	}
	// Compared without a difference, which could overflow.
	limit := int64(MaxAge / time.Second)
	direction := ""
	switch {
	case sent < clock-limit:
		direction = "behind"
	case sent > clock+limit:
		direction = "ahead of"
	default:
		return nil
	}
	return refuse(BadTimestamp, "auth_timestamp %d is more than %d seconds %s this server's clock, which says %d (%s): set the sender's clock and sign each request anew",
		sent, limit, direction, clock, now.UTC().Format(time.RFC3339))
}

func checkBody(sent []string, body []byte) error {
	if len(sent) > 1 {
		return refuse(MissingParameter, "the query parameter body_md5 is given %d times: send it once", len(sent))
	}
	if len(sent) == 0 || sent[0] == "" {
		if len(body) > 0 {
			return refuse(MissingParameter, "the query parameter body_md5 is missing: a request with a body needs the MD5 of the body in hexadecimal")
		}
		return nil
	}
	if subtle.ConstantTimeCompare([]byte(strings.ToLower(sent[0])), []byte(bodyMD5(body))) != 1 {
		return refuse(BadBodyMD5, "body_md5 is not the MD5 of the %d bytes received: compute it over the body exactly as sent, and check that no proxy changes the body", len(body))
	}
	return nil
}

func checkSignature(r Request, secret string) error {
	got, err := hex.DecodeString(r.Query.Get(paramSignature))
	if err != nil {
		return refuse(BadSignature, "auth_signature is not hexadecimal: send the HMAC-SHA256 in hex")
	}
	forms := [][]param{params(r.Query)}
	if list, differs := joined(forms[0]); differs {
		forms = append(forms, list)
	}
	paths := []string{r.Path}
	if r.RawPath != "" && r.RawPath != r.Path {
		paths = append(paths, r.RawPath)
	}
	for _, path := range paths {
		for _, form := range forms {
			if hmac.Equal(got, mac(secret, text(r.Method, path, form))) {
				return nil
			}
		}
	}
	return refuse(BadSignature, "auth_signature does not match: it should be the HMAC-SHA256 in hex, with the application's secret as the key, of %s",
		shown(text(r.Method, r.Path, forms[0])))
}

// shown quotes what was sent, so that it cannot pass for our own words, and
// cuts it.
func shown(s string) string {
	if len(s) > maxShown {
		return strconv.Quote(s[:maxShown]) + "..."
	}
	return strconv.Quote(s)
}
