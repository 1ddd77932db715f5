// Package channelauth answers the question "may this client join this
// channel?" for Pusher Channels: it makes and checks the tokens, and serves
// the authorization endpoint that clients call.
//
// # How it fits together
//
// A client that wants a private, presence or encrypted channel, or that wants
// to sign in as a user, first asks your server. Your server knows who is
// asking (a cookie, a bearer header) and holds the application's secret:
//
//	client --- socket_id, channel_name ---> your server: NewHandler(Config)
//	                                          Config.Authorize says yes or no
//	client <-- {"auth":"KEY:HEX", ...} -----  Signer makes the token
//	client --- pusher:subscribe + token ---> broker (Pusher, or Thimble's)
//	                                          Signer.VerifyChannel
//
// The token is HMAC-SHA256 in hex, keyed with the secret, over one of
//
//	socket_id:channel                 private and encrypted channels
//	socket_id:channel:channel_data    presence channels
//	socket_id::user::user_data        user sign-in
//
// so it is worth nothing on another connection: the socket id is the broker's
// name for one connection, and a client asks again after each reconnect.
// channel_data and user_data are signed as text. They travel from the endpoint
// through the client to the broker without a byte changed.
//
// # Kinds of channel
//
//	(no prefix), cache-                        public: no token exists
//	private-, private-cache-                   token
//	presence-, presence-cache-                 token and channel_data
//	private-encrypted-, ...-encrypted-cache-   token and shared_secret
//
// # Where to begin
//
// A web application uses [NewHandler]. A program with a router or a transport
// of its own uses [Signer]. A broker uses [Signer.VerifyChannel],
// [Signer.VerifyUser], [ParseMember] and [ParseUser].
//
// Nothing here keeps state, so everything may be used from any number of
// goroutines. Secrets and tokens appear in no error and in no log line.
package channelauth
