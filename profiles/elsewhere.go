package profiles

import (
	"fmt"
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
	if err := checkURL("lb.url", b.URL); err != nil {
		return err
	}
	return b.checkOthers()
}

// checkOthers: what clients see of replicas differs in the address alone.
func (b Balancer) checkOthers() error {
	if most := MostReplicas - 1; len(b.Others) > most {
		return wrong("lb.other_urls", "%d URLs; use at most %d", len(b.Others), most)
	}
	first, err := url.Parse(b.URL)
	if err != nil {
		return err
	}
	seen := []string{first.Host}
	for i, text := range b.Others {
		key := fmt.Sprintf("lb.other_urls[%d]", i)
		if err := checkURL(key, text); err != nil {
			return err
		}
		other, err := url.Parse(text)
		switch {
		case err != nil:
			return err
		case slices.Contains(seen, other.Host):
			return wrong(key, "%s stands there twice; name each replica once", other.Host)
		case other.Scheme != first.Scheme || other.RequestURI() != first.RequestURI():
			return wrong(key, "%q differs from %q in more than host and port; replicas are one service at several addresses", text, b.URL)
		}
		seen = append(seen, other.Host)
	}
	return nil
}
