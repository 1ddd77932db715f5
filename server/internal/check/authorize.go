package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
)

// someSocket stands for a connection when there is none: the endpoint can be
// checked all the same.
const someSocket = "1234.5678"

// authorize asks the endpoint for a token, and looks at it.
func (r *run) authorize(ctx context.Context, channel string) outcome {
	if kind(channel) == channelauth.Public {
		return skipped("anybody may subscribe to a public channel")
	}
	socket := someSocket
	if r.conn != nil && r.conn.socket != "" {
		socket = r.conn.socket
	}
	token, err := r.token(ctx, channel, socket)
	if errors.Is(err, errNobody) {
		return failed(err.Error(), "add --auth-endpoint, or --secret")
	}
	if err != nil {
		return explainAuthorization(err)
	}
	if out := r.judge(channel, socket, token); out.status == Failed {
		return out
	}
	if r.tokens == nil {
		r.tokens = make(map[string]thimble.Token)
	}
	r.tokens[channel] = token
	if r.Endpoint == "" {
		return skipped("there is no --auth-endpoint to be checked: signed here, with the secret")
	}
	text := "the endpoint gives a token"
	if r.Secret != "" {
		text += ", signed with the application's secret"
	}
	return good(text)
}

var errNobody = errors.New("nobody can authorize this channel")

// token gets one, from the endpoint or with the secret.
func (r *run) token(ctx context.Context, channel, socket string) (thimble.Token, error) {
	ask := thimble.AuthRequest{SocketID: socket, Channel: channel}
	switch {
	case r.Endpoint != "":
		client, end := r.http()
		defer end()
		return thimble.Endpoint{URL: r.Endpoint, Header: r.Header, Client: client}.Authorize(ctx, ask)
	case r.Secret != "":
		return thimble.DevelopmentSigner{Key: r.Key, Secret: r.Secret, UserID: ownEvent, EncryptionMasterKey: r.MasterKey}.Authorize(ctx, ask)
	}
	return thimble.Token{}, errNobody
}

// judge looks for what the server, or the client, will not take.
func (r *run) judge(channel, socket string, token thimble.Token) outcome {
	key, _, _ := strings.Cut(token.Auth, ":")
	if key != r.Key {
		return no(fmt.Sprintf("the endpoint signs for the key %.40q, not for %q", key, r.Key), "give the endpoint the key and the secret of this application")
	}
	if r.Secret != "" {
		signer := channelauth.Signer{Key: r.Key, Secret: r.Secret}
		if err := signer.VerifyChannel(token.Auth, socket, channel, token.ChannelData); err != nil {
			return no("the token's signature does not match the application's secret", "give the endpoint the secret that belongs to this key; or it signs another text than the socket id, the channel and channel_data as it answers it")
		}
	}
	switch kind(channel) {
	case channelauth.Presence:
		if token.ChannelData == "" {
			return failed("the answer has no channel_data", "a presence channel needs it: a text of JSON with user_id, and signed with it")
		}
		if _, err := channelauth.ParseMember(token.ChannelData); err != nil {
			return failed("the answer's channel_data is not a text of JSON with a user_id", `it looks like "{\"user_id\":\"17\"}"`)
		}
	case channelauth.Encrypted:
		if len(token.SharedSecret) == 0 {
			return failed("the answer has no shared_secret", "an encrypted channel needs it: give the endpoint a master key of 32 bytes")
		}
	}
	return good("")
}

// explainAuthorization says what is wrong with the endpoint.
func explainAuthorization(err error) outcome {
	var status *thimble.StatusError
	var refused *thimble.AuthError
	text := err.Error()
	for _, prefix := range []string{"thimble: ", "authorization: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	switch {
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return no(fmt.Sprintf("the endpoint answers %d: it does not let us join", status.Status), "name a channel that you may join with --channel, and log in with --auth-header")
	case errors.As(err, &status) && status.Status >= 300 && status.Status <= 399:
		return failed(fmt.Sprintf("the endpoint answers %d, a redirection", status.Status), "give the address that it has now; a redirection to a login means that --auth-header is missing")
	case errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Status == http.StatusMethodNotAllowed):
		return failed(fmt.Sprintf("the endpoint answers %d: nothing takes POST there", status.Status), "check --auth-endpoint")
	case errors.As(err, &status):
		return failed(fmt.Sprintf("the endpoint answers %d", status.Status), "look at its log")
	}
	if errors.As(err, &refused) && refused.Err != nil {
		if text, advice := explain(refused.Err); text != refused.Err.Error() {
			return failed("the endpoint is not reached: "+text, inEndpoint.Replace(advice))
		}
	}
	if strings.Contains(text, "not a JSON object") {
		return failed("the endpoint's answer is not JSON but, as it seems, a page", "check --auth-endpoint; a page for a login means that --auth-header is missing")
	}
	if strings.Contains(text, "DevelopmentSigner.EncryptionMasterKey") {
		return failed("encrypted channels need their master key", "add --auth-endpoint, or --master-key")
	}
	return failed("the endpoint's answer cannot be used: "+text, "a yes is {\"auth\":\"KEY:SIGNATURE\"}")
}

// inEndpoint turns advice about the server into advice about the endpoint.
var inEndpoint = strings.NewReplacer("the port in --host, and that the server runs", "--auth-endpoint, and that the endpoint runs", "add --plaintext", "write http://")
