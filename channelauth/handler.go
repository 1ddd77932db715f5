package channelauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
)

// NewHandler returns the authorization endpoint, for channels and for user
// sign-in. It answers POST with the fields socket_id and channel_name, as a
// form or as JSON; without channel_name the client wants to sign in. Mount it
// where the client asks: pusher-js asks at /pusher/auth and /pusher/user-auth.
//
// The answer is 200 and {"auth":...} with channel_data, shared_secret or
// user_data as the kind needs, or {"error":...} and 400 (malformed), 403
// (refused), 405, 413 (body above 64 KiB), 415 (neither form nor JSON) or 500
// (Config.Authorize failed, or granted what cannot be).
//
// A client that waits for several channels may ask for up to [MaxBatch] at once,
// with the fields channel_name[0], channel_name[1] and so on, or channel_name[]
// for each, or as JSON with an array of strings as channel_name. The answer is
// then 200 and an object that has, for each channel, {"status":200,"data":...}
// with what the answer for it alone would be, or {"status":...,"error":...}: a
// refusal of one is not one of the others. This is the form of pusher-js-auth,
// the batching plugin of pusher-js.
//
// The handler may serve any number of requests at once. The error says what is
// wrong with the configuration.
func NewHandler(config Config) (http.Handler, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config.AllowedOrigins = slices.Clone(config.AllowedOrigins)
	config.EncryptionMasterKey = bytes.Clone(config.EncryptionMasterKey)
	return &handler{
		config: config,
		signer: Signer{Key: config.Key, Secret: config.Secret},
	}, nil
}

type handler struct {
	config Config
	signer Signer
}

// answer is the body of a yes.
type answer struct {
	Auth         string `json:"auth"`
	ChannelData  string `json:"channel_data,omitempty"`
	SharedSecret string `json:"shared_secret,omitempty"`
	UserData     string `json:"user_data,omitempty"`
}

// refusal is a no: the status and text for the client, and the reason for the
// log if that has more to say.
type refusal struct {
	status int
	text   string
	reason error
}

func refuse(status int, text string) *refusal { return &refusal{status: status, text: text} }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	allowed := h.allowOrigin(w, r)

	if r.Method == http.MethodOptions && len(h.config.AllowedOrigins) > 0 {
		h.preflight(w, r, allowed)
		return
	}
	if r.Method != http.MethodPost {
		header.Set("Allow", h.methods())
		h.no(w, r, Ask{}, refuse(http.StatusMethodNotAllowed, "ask with POST"))
		return
	}
	ask, channels, no := readAsk(w, r)
	if no != nil {
		h.no(w, r, ask, no)
		return
	}
	if channels != nil {
		writeJSON(w, http.StatusOK, h.batch(r, ask, channels))
		return
	}
	yes, no := h.decide(r, ask)
	if no != nil {
		h.no(w, r, ask, no)
		return
	}
	writeJSON(w, http.StatusOK, yes)
}

// decide puts the question to the application and makes the token.
func (h *handler) decide(r *http.Request, ask Ask) (answer, *refusal) {
	if ask.Kind == Encrypted && len(h.config.EncryptionMasterKey) == 0 {
		return answer{}, &refusal{http.StatusForbidden, "encrypted channels are not set up on this server", ErrEncryptionKey}
	}
	grant, err := h.config.Authorize(r, ask)
	if errors.Is(err, ErrForbidden) {
		return answer{}, &refusal{http.StatusForbidden, "forbidden: this user may not join the channel or sign in", err}
	}
	if err != nil {
		return answer{}, &refusal{http.StatusInternalServerError, "the server could not decide; try again later", err}
	}
	yes, err := h.token(ask, grant)
	if err != nil {
		return answer{}, &refusal{http.StatusInternalServerError, "the server could not make a token; its log says why", err}
	}
	return yes, nil
}

// token makes the answer to a granted question.
func (h *handler) token(ask Ask, grant Grant) (yes answer, err error) {
	switch {
	case ask.SignIn():
		if yes.UserData, err = grant.userData(); err != nil {
			return yes, err
		}
		yes.Auth, err = h.signer.SignUser(ask.SocketID, yes.UserData)
		return yes, err
	case ask.Kind == Presence:
		if yes.ChannelData, err = grant.channelData(); err != nil {
			return yes, err
		}
	case ask.Kind == Encrypted:
		yes.SharedSecret = SharedSecret(ask.Channel, h.config.EncryptionMasterKey)
	}
	yes.Auth, err = h.signer.SignChannel(ask.SocketID, ask.Channel, yes.ChannelData)
	return yes, err
}

// no writes a refusal.
func (h *handler) no(w http.ResponseWriter, r *http.Request, ask Ask, no *refusal) {
	h.log(r, ask, no)
	writeJSON(w, no.status, map[string]string{"error": no.text})
}

// log logs a refusal, whose reason the client does not see.
func (h *handler) log(r *http.Request, ask Ask, no *refusal) {
	if h.config.Logger != nil {
		level, reason := slog.LevelInfo, no.text
		if no.status >= 500 {
			level = slog.LevelError
		}
		if no.reason != nil {
			reason = bare(no.reason)
		}
		h.config.Logger.LogAttrs(r.Context(), level, "channelauth: refused",
			slog.Int("status", no.status),
			slog.String("channel", ask.Channel),
			slog.String("socket_id", ask.SocketID),
			slog.String("reason", reason))
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	// Strings and numbers only: this cannot fail. A failed write means that the client is
	// gone, and there is nobody left to tell.
	b, _ := json.Marshal(body)
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
