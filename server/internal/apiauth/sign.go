package apiauth

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"time"
)

// Sign returns the query of a signed request: the parameters given and those
// of the signature. The path is the decoded one, without a prefix that a proxy
// takes off. Give each parameter one value; a list is signed as it is written,
// which some servers do not accept. Parameters of the signature that are in
// query already are replaced; query itself does not change.
func Sign(key, secret, method, path string, query url.Values, body []byte, now time.Time) url.Values {
	signed := make(url.Values, len(query)+5)
	for name, values := range query {
		signed[name] = values
	}
	signed.Del(paramBodyMD5)
	signed.Set(paramKey, key)
	signed.Set(paramTimestamp, strconv.FormatInt(now.Unix(), 10))
	signed.Set(paramVersion, Version)
	if len(body) > 0 {
		signed.Set(paramBodyMD5, bodyMD5(body))
	}
	signed.Set(paramSignature, hex.EncodeToString(mac(secret, text(method, path, params(signed)))))
	return signed
}

// bodyMD5 is what the protocol asks for. The signature covers it, so forging a
// body takes a second preimage, which MD5 still withstands.
func bodyMD5(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

func mac(secret, text string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}
