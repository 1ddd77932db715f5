package peer_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/websocket"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func token(channel, channelData string) string {
	// Not SignChannel, which refuses what a broker has to refuse itself.
	h := hmac.New(sha256.New, []byte(docSecret))
	h.Write([]byte(channelauth.ChannelText(docSocket, channel, channelData)))
	return docKey + ":" + hex.EncodeToString(h.Sum(nil))
}

// onlyText returns the message in a frame that holds one.
func onlyText(t *testing.T, frame []byte) string {
	t.Helper()
	var parser websocket.Parser
	b := append([]byte(nil), frame...)
	used, item, err := parser.Next(b)
	if err != nil || used != len(b) || item.Opcode != websocket.Text {
		t.Fatalf("not one text frame: %x: %v", frame, err)
	}
	return string(item.Payload)
}
