package http1

// URL is an http or https URL, split into what a client needs.
type URL struct {
	TLS     bool   // https
	Host    string // for the Host field: without the port if it is the default
	Address string // host:port to dial; an IPv6 address stands in brackets
	Target  string // path and query, at least "/"
}

// SplitURL splits an absolute http or https URL. Names of hosts are not
// resolved, and the digits of addresses not judged: dialling does both.
func SplitURL(raw string) (URL, error) {
	const plain, secure = "http://", "https://"
	var u URL
	rest, port := "", "80"
	switch {
	case len(raw) >= len(plain) && EqualFold(raw[:len(plain)], plain):
		rest = raw[len(plain):]
	case len(raw) >= len(secure) && EqualFold(raw[:len(secure)], secure):
		rest, port = raw[len(secure):], "443"
		u.TLS = true
	default:
		return URL{}, ErrScheme
	}
	if index(rest, '#') >= 0 {
		return URL{}, ErrFragment
	}
	end := 0
	for end < len(rest) && rest[end] != '/' && rest[end] != '?' {
		end++
	}
	authority := rest[:end]
	if index(authority, '@') >= 0 {
		return URL{}, ErrUserinfo
	}
	host, explicit, err := SplitHost(authority)
	if err != nil {
		return URL{}, err
	}
	// The default port is left out of Host, as browsers do (RFC 9110 4.2.3).
	u.Host = host
	if explicit != "" && explicit != port {
		u.Host, port = authority, explicit
	}
	u.Address = host + ":" + port
	u.Target = rest[end:]
	if u.Target == "" || u.Target[0] == '?' {
		u.Target = "/" + u.Target
	}
	if !ValidTarget(u.Target) {
		return URL{}, ErrTarget
	}
	return u, nil
}

// SplitHost splits host[:port]; the port is empty if there is none. The
// characters of the host are those of DNS names and of IP addresses, not all
// that RFC 3986 3.2.2 allows. IPv6 zones are refused: they mean nothing to the
// server that reads the Host field.
func SplitHost(s string) (host, port string, err error) {
	end := 0
	if s != "" && s[0] == '[' {
		end = index(s, ']') + 1
		if end == 0 || index(s[:end], ':') < 0 || !every(s[1:end-1], isIPv6) {
			return "", "", ErrHost
		}
	} else {
		for end < len(s) && isHost(s[end]) {
			end++
		}
	}
	host = s[:end]
	if host == "" || end < len(s) && s[end] != ':' {
		return "", "", ErrHost
	}
	if end == len(s) {
		return host, "", nil
	}
	port = s[end+1:]
	if port == "" || port[0] == '0' {
		return "", "", ErrPort
	}
	n, ok := 0, true
	for i := 0; i < len(port); i++ {
		if port[i] < '0' || port[i] > '9' {
			return "", "", ErrPort
		}
		if n, ok = pushDigit(n, 10, int(port[i]-'0'), 65535); !ok {
			return "", "", ErrPort
		}
	}
	return host, port, nil
}

// ValidTarget says whether s is a path with an optional query in origin-form
// (RFC 9112 3.2.1).
func ValidTarget(s string) bool {
	if s == "" || s[0] != '/' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			if !isTarget(s[i]) {
				return false
			}
			continue
		}
		if len(s)-i < 3 {
			return false
		}
		_, high := hexDigit(s[i+1])
		_, low := hexDigit(s[i+2])
		if !high || !low {
			return false
		}
		i += 2
	}
	return true
}
