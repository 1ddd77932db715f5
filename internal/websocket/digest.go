//go:build !tinygo

package websocket

import (
	"crypto/sha1"
	"encoding/base64"
)

func sum1(b []byte) [20]byte { return sha1.Sum(b) }

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
