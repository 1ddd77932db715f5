package channelauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		channel string
		want    channelauth.Kind
		text    string
	}{
		{"news", channelauth.Public, "public"},
		{"cache-news", channelauth.Public, "public"},
		{"privateer", channelauth.Public, "public"},
		{"Private-a", channelauth.Public, "public"},
		{"", channelauth.Public, "public"},
		{"private-a", channelauth.Private, "private"},
		{"private-cache-a", channelauth.Private, "private"},
		{"private-encrypted", channelauth.Private, "private"},
		{"presence-a", channelauth.Presence, "presence"},
		{"presence-cache-a", channelauth.Presence, "presence"},
		{"private-encrypted-a", channelauth.Encrypted, "private-encrypted"},
		{"private-encrypted-cache-a", channelauth.Encrypted, "private-encrypted"},
	}
	for _, tt := range tests {
		got := channelauth.KindOf(tt.channel)
		if got != tt.want || got.String() != tt.text {
			t.Errorf("KindOf(%q) = %v, want %v (%s)", tt.channel, got, tt.want, tt.text)
		}
	}
}

func TestCheckChannel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, channel string
		says          string // empty: the name is fine
	}{
		{"one character", "a", ""},
		{"alphabet", "AZaz09_-=@,.;", ""},
		{"longest", strings.Repeat("a", 164), ""},
		{"empty", "", "empty"},
		{"too long", strings.Repeat("a", 165), "165"},
		{"space", "a b", `' ' at byte 1`},
		{"sharp", "#a", `'#' at byte 0`},
		{"letter outside ASCII", "café", `'é' at byte 3`},
		{"not UTF-8", "a\xff", "at byte 1"},
		{"NUL", "a\x00", "at byte 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := channelauth.CheckChannel(tt.channel)
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, channelauth.ErrChannelName) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an ErrChannelName that says %s", err, tt.says)
			}
		})
	}
}

func TestCheckSocketID(t *testing.T) {
	t.Parallel()
	for id, ok := range map[string]bool{
		"1.2": true, "123456.654321": true, "00.00": true,
		"": false, ".": false, "1.": false, ".1": false, "1": false, "1.2.3": false,
		"-1.2": false, "1.2 ": false, "1.2\n": false, "１.2": false,
	} {
		err := channelauth.CheckSocketID(id)
		if ok != (err == nil) || (!ok && !errors.Is(err, channelauth.ErrSocketID)) {
			t.Errorf("CheckSocketID(%q) = %v", id, err)
		}
	}
}
