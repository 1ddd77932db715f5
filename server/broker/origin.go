package broker

import (
	"fmt"
	"net/url"
	"strings"
)

// checkOrigin says what is wrong with an entry of App.Origins.
func checkOrigin(allowed string) error {
	if host, ok := strings.CutPrefix(allowed, "*."); ok && !strings.ContainsAny(host, "/:*") && host != "" {
		return nil
	}
	if u, err := url.Parse(allowed); err == nil && u.Host != "" && u.Scheme != "" && allowed == u.Scheme+"://"+u.Host {
		return nil
	}
	if allowed != "" && !strings.ContainsAny(allowed, "/*:") {
		return nil
	}
	return fmt.Errorf("the origin %q is none: write https://example.com, or example.com, or *.example.com", allowed)
}

// sameOrigin says whether an entry of App.Origins stands for the origin that a
// browser sends.
func sameOrigin(allowed, origin string) bool {
	if strings.Contains(allowed, "://") {
		return strings.EqualFold(allowed, origin)
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false // "null", of a page that has none
	}
	host := strings.ToLower(u.Hostname())
	if suffix, ok := strings.CutPrefix(strings.ToLower(allowed), "*"); ok {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return host == strings.ToLower(allowed)
}
