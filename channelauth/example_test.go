package channelauth_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/thimble-go/thimble/channelauth"
)

// Whoever is logged in may sign in as a user and join the chat.
func ExampleNewHandler() {
	sessions := map[string]string{"c29tZXRoaW5n": "ann"} // your application's

	handler, err := channelauth.NewHandler(channelauth.Config{
		Key:    "278d425bdf160c739803",
		Secret: "7ad3773142a6692b25b8",
		Authorize: func(r *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
			cookie, err := r.Cookie("session")
			if err != nil || sessions[cookie.Value] == "" {
				return channelauth.Grant{}, fmt.Errorf("%w: not logged in", channelauth.ErrForbidden)
			}
			user := sessions[cookie.Value]
			if !ask.SignIn() && !strings.HasSuffix(ask.Channel, "-chat") {
				return channelauth.Grant{}, fmt.Errorf("%w: %s wants %s", channelauth.ErrForbidden, user, ask.Channel)
			}
			return channelauth.Grant{UserID: user, UserInfo: map[string]string{"name": "Ann"}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	ask := func(channel string) {
		body := strings.NewReader("socket_id=1234.1234&channel_name=" + channel)
		r := httptest.NewRequest(http.MethodPost, "/pusher/auth", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: "session", Value: "c29tZXRoaW5n"})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	ask("presence-chat")
	ask("private-payroll")
	// Output:
	// 200 {"auth":"278d425bdf160c739803:00a294aa2d06e1d8a5cbc0889c72cb9062f30c5ef4d3d6a796b1a0abce5a2d71","channel_data":"{\"user_id\":\"ann\",\"user_info\":{\"name\":\"Ann\"}}"}
	// 403 {"error":"forbidden: this user may not join the channel or sign in"}
}

func ExampleSigner_SignChannel() {
	signer := channelauth.Signer{Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8"}
	token, err := signer.SignChannel("1234.1234", "private-foobar", "")
	fmt.Println(token, err)

	_, err = signer.SignChannel("1234.1234", "news", "")
	fmt.Println(errors.Is(err, channelauth.ErrPublicChannel))
	// Output:
	// 278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4 <nil>
	// true
}

func ExampleSigner_SignUser() {
	signer := channelauth.Signer{Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8"}
	fmt.Println(signer.SignUser("1234.1234", `{"id":"12345"}`))
	// Output: 278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba <nil>
}

// A broker tells a client of another application from one with a wrong
// signature.
func ExampleSigner_VerifyChannel() {
	signer := channelauth.Signer{Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8"}
	const hex = "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"

	fmt.Println(signer.VerifyChannel("278d425bdf160c739803:"+hex, "1234.1234", "private-foobar", ""))
	err := signer.VerifyChannel("another-key:"+hex, "1234.1234", "private-foobar", "")
	fmt.Println(errors.Is(err, channelauth.ErrWrongKey))
	err = signer.VerifyChannel("278d425bdf160c739803:"+hex, "1234.9999", "private-foobar", "")
	fmt.Println(errors.Is(err, channelauth.ErrWrongSignature))
	// Output:
	// <nil>
	// true
	// true
}

func ExampleSigner_VerifyUser() {
	signer := channelauth.Signer{Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8"}
	const token = "278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
	fmt.Println(signer.VerifyUser(token, "1234.1234", `{"id":"12345"}`))
	// Output: <nil>
}

func ExampleParseMember() {
	member, err := channelauth.ParseMember(`{"user_id":10,"user_info":{"name":"Mr. Pusher"}}`)
	fmt.Println(member.UserID, string(member.UserInfo), err)
	// Output: 10 {"name":"Mr. Pusher"} <nil>
}

func ExampleParseUser() {
	user, err := channelauth.ParseUser(`{"id":"12345","watchlist":["7","8"]}`)
	fmt.Println(user.ID, user.Watchlist, err)
	// Output: 12345 [7 8] <nil>
}
