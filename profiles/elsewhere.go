package profiles

import (
	"net/url"
	"slices"
)

// checkRunning checks a balancer that already runs, and what is said of the instances behind it.
func (b Balancer) checkRunning() error {
	if known := []string{"", "cookie", "address", "header", "connection", "none"}; !slices.Contains(known, b.RoutesOn) {
		return wrong("lb.routes_on", "%q is unknown; use cookie, address, header, connection or none, or leave it out", b.RoutesOn)
	}
	for i, control := range b.Backends {
		u, err := url.Parse(control)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			return wrong("lb.backends", "%q is no control URL; use http://HOST:PORT, as `stickybench serve backend` prints it", control)
		}
		if slices.Contains(b.Backends[:i], control) {
			return wrong("lb.backends", "%q stands there twice; name each instance once", control)
		}
	}
	return checkURL(b.URL)
}
