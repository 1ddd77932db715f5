package channelauth_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

func TestParseMember(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data string
		id, info   string // id empty: refused
	}{
		{"text id", `{"user_id":"10"}`, "10", ""},
		{"numeric id becomes its text", `{"user_id":10,"user_info":{"name":"x"}}`, "10", `{"name":"x"}`},
		{"negative id", `{"user_id":-10}`, "-10", ""},
		{"id beyond a float's precision", `{"user_id":9007199254740993}`, "9007199254740993", ""},
		{"info as written", `{"user_info":{ "a": "\u00e9" },"user_id":"1"}`, "1", `{ "a": "\u00e9" }`},
		{"null info", `{"user_id":"1","user_info":null}`, "1", "null"},
		{"escapes in the id", `{"user_id":"\u0061"}`, "a", ""},
		{"fraction as id", `{"user_id":1.5}`, "", ""},
		{"exponent as id", `{"user_id":1e3}`, "", ""},
		{"boolean as id", `{"user_id":true}`, "", ""},
		{"null as id", `{"user_id":null}`, "", ""},
		{"list", `[]`, "", ""},
		{"null", `null`, "", ""},
		{"rest after the object", `{"user_id":"1"}x`, "", ""},
		{"cut short", `{"user_id":"1"`, "", ""},
		{"empty", ``, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := channelauth.ParseMember(tt.data)
			if tt.id == "" {
				if !errors.Is(err, channelauth.ErrUserObject) {
					t.Errorf("got %+v and error %v, want ErrUserObject", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.UserID != tt.id || string(got.UserInfo) != tt.info {
				t.Errorf("got %q %s, want %q %s", got.UserID, got.UserInfo, tt.id, tt.info)
			}
		})
	}
}

func TestParseUser(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data string
		id, info   string // id empty: refused
		watchlist  []string
	}{
		{"id alone", `{"id":"1"}`, "1", "", nil},
		{"everything", `{"id":"1","user_info":{"n":1},"watchlist":["2","3"],"more":0}`, "1", `{"n":1}`, []string{"2", "3"}},
		{"null watchlist", `{"id":"1","watchlist":null}`, "1", "", nil},
		{"numeric id", `{"id":1}`, "", "", nil},
		{"empty id", `{"id":""}`, "", "", nil},
		{"watchlist of numbers", `{"id":"1","watchlist":[1]}`, "", "", nil},
		{"watchlist is an object", `{"id":"1","watchlist":{}}`, "", "", nil},
		{"text", `"1"`, "", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := channelauth.ParseUser(tt.data)
			if tt.id == "" {
				if !errors.Is(err, channelauth.ErrUserObject) {
					t.Errorf("got %+v and error %v, want ErrUserObject", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.ID != tt.id || string(got.UserInfo) != tt.info || !reflect.DeepEqual(got.Watchlist, tt.watchlist) {
				t.Errorf("got %+v, want %q %s %v", got, tt.id, tt.info, tt.watchlist)
			}
		})
	}
}
