// Package apiauth signs and verifies requests to the Channels HTTP API.
//
// A backend proves that it knows the application's secret by a signature in
// the query of each request:
//
//	POST /apps/3/events?auth_key=..&auth_timestamp=..&auth_version=1.0&body_md5=..&auth_signature=..
//
//	auth_signature = hex(HMAC-SHA256(secret, text))
//	text           = METHOD \n PATH \n name=value&name=value...
//
// The text holds every query parameter but auth_signature, names in lower case
// and sorted, values decoded. It does not hold the body, which is bound by
// body_md5, and it does not hold the host, so an application's secret must not
// be shared between servers. Within 600 seconds a request can be replayed: the
// protocol has no nonce.
//
// Client libraries differ in two points, so [Verify] accepts any of
//
//	path           as decoded (/apps/3/channels/a b), or as requested (a%20b)
//	lists          channels[]=a&channels[]=b as written, or joined: channels=a,b
//
// that is, up to four texts. [Sign] writes one-valued parameters and the
// decoded path, which all servers understand.
//
// Behind a path prefix, the prefix is no part of PATH: take it off before.
//
// Every refusal is an [*Error] with status 401 whose text says what to correct.
// It names the text that should have been signed, and never the secret.
package apiauth
