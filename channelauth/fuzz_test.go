package channelauth_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

// FuzzHandler sends any body. Whatever comes back is JSON, and a yes is a
// token that a broker takes for a channel that can exist.
func FuzzHandler(f *testing.F) {
	for _, body := range []string{
		"socket_id=1234.1234&channel_name=private-foobar",
		"socket_id=1.2&channel_name=presence-a&x=%20+",
		"socket_id=1.2",
		`{"socket_id":"1.2","channel_name":"private-encrypted-a","x":[1,{"y":null}]}`,
		`{"socket_id":"1.2"}`,
		"socket_id=1.2&channel_name[0]=private-a&channel_name[1]=presence-b&channel_name[2]=news",
		"socket_id=1.2&channel_name%5B%5D=private-a&channel_name%5B%5D=private-a&x=1",
		`{"socket_id":"1.2","channel_name":["private-a","private-encrypted-a","\u00e9"]}`,
		"",
	} {
		f.Add(body, false)
		f.Add(body, true)
	}
	var asked []channelauth.Ask
	h, err := channelauth.NewHandler(channelauth.Config{
		Key: docKey, Secret: docSecret, EncryptionMasterKey: masterKey,
		Authorize: func(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
			asked = append(asked, ask)
			return channelauth.Grant{UserID: "1", UserInfo: ask.Params.Get("x")}, nil
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string, asJSON bool) {
		contentType := formType
		if asJSON {
			contentType = jsonType
		}
		asked = nil
		w := post(h, contentType, body)
		if w.Code == http.StatusOK && (len(asked) != 1 || !bytes.HasPrefix(w.Body.Bytes(), []byte(`{"auth":`))) {
			var got map[string]entry
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got) > channelauth.MaxBatch {
				t.Fatalf("%q with %d entries: %v", w.Body, len(got), err)
			}
			for _, ask := range asked {
				if e := got[ask.Channel]; e.Status == http.StatusOK {
					checkGrant(t, ask, e.Data)
				}
				delete(got, ask.Channel)
			}
			for channel, e := range got { // nobody asked for these
				if e.Status < 400 || e.Data != nil || e.Error == "" {
					t.Errorf("%q: %+v", channel, e)
				}
			}
			return
		}
		var got map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %q: %v", w.Code, w.Body, err)
		}
		switch w.Code {
		case http.StatusOK:
			checkGrant(t, asked[0], got)
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusInternalServerError:
			if got["error"] == "" {
				t.Errorf("no reason in %s", w.Body)
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

// checkGrant checks that a broker takes what was granted.
func checkGrant(t *testing.T, ask channelauth.Ask, got map[string]string) {
	t.Helper()
	verify := docSigner.VerifyChannel(got["auth"], ask.SocketID, ask.Channel, got["channel_data"])
	if ask.SignIn() {
		verify = docSigner.VerifyUser(got["auth"], ask.SocketID, got["user_data"])
	}
	if verify != nil {
		t.Errorf("%+v was granted: %v", ask, verify)
	}
}

// FuzzVerify proves that nothing but the signed text verifies.
func FuzzVerify(f *testing.F) {
	v := channelVectors[1]
	f.Add(docKey+":"+v.signature, docSocket, v.channel, v.data)
	f.Add(docKey+":"+docUserSignature, docSocket, ":user", ":"+docUserData)
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, auth, socketID, channel, data string) {
		if docSigner.VerifyChannel(auth, socketID, channel, data) != nil {
			return
		}
		if channelauth.CheckSocketID(socketID) != nil || channelauth.CheckChannel(channel) != nil ||
			channelauth.KindOf(channel) == channelauth.Public {
			t.Errorf("verified an impossible target: %q %q", socketID, channel)
		}
		if channelauth.TokenKey(auth) != docKey {
			t.Errorf("verified the token %q", auth)
		}
	})
}

// FuzzParse proves that what parses can be written again to the same thing,
// and that what can be signed verifies.
func FuzzParse(f *testing.F) {
	for _, data := range []string{
		`{"user_id":10,"user_info":{"name":"Mr. Pusher"}}`,
		`{"id":"12345","watchlist":["1","2"]}`,
		`{"user_id":"\u00e9","id":"x","watchlist":null}`,
		`null`, `{`, "{\"user_id\":\"\xff\"}",
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if member, err := channelauth.ParseMember(data); err == nil {
			again, err := json.Marshal(map[string]any{"user_id": member.UserID, "user_info": member.UserInfo})
			if err != nil {
				t.Fatal(err)
			}
			if second, err := channelauth.ParseMember(string(again)); err != nil || second.UserID != member.UserID {
				t.Errorf("%q became %q: %v", member.UserID, second.UserID, err)
			}
		}
		if token, err := docSigner.SignChannel("1.2", "presence-a", data); err == nil {
			if err := docSigner.VerifyChannel(token, "1.2", "presence-a", data); err != nil {
				t.Error(err)
			}
		}
		if token, err := docSigner.SignUser("1.2", data); err == nil {
			if err := docSigner.VerifyUser(token, "1.2", data); err != nil {
				t.Error(err)
			}
		}
	})
}
