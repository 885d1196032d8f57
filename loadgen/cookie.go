package loadgen

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// trait is all of a cookie but its value; the users of a site share few.
type trait struct {
	identity
	secure bool
	flags  results.ExchangeFlags // the attributes it was set with
	life   time.Duration         // Max-Age, which counts from each answer; 0 = none
	dated  bool                  // it expires: the record says when
}

// identity is what a cookie replaces another by.
type identity struct {
	name, path string
	domain     string // as the attribute says; "" without: the host alone
	twin       twin
}

// twin tells a cookie that a fault left in the jar from all that answers set: it is of a domain above the
// target's, so that none of them replaces it.
type twin uint8

const (
	noTwin      twin = iota
	elderTwin        // older than all others, so sent before those of its path
	youngerTwin      // than the cookies that it stands beside
)

// kind is a trait and what follows from it.
type kind struct {
	trait
	pair   string // name=
	hash   uint64 // of pair
	marker bool   // not the application's own session id
	sent   bool   // the target's path and scheme are the cookie's
}

// cookie is one record, or what a Set-Cookie value said.
type cookie struct {
	*kind
	value   []byte     // valid until the jar changes
	expires clock.Time // 0 = at the session's end
	line    uint64     // hash of the Set-Cookie value that set it; 0 = none to compare with
}

func traits(c *http.Cookie, s site, domain string) trait {
	t := trait{identity: identity{name: c.Name, path: cookiePath(c.Path, s.path), domain: domain}, secure: c.Secure, flags: attributes(c)}
	if c.MaxAge > 0 {
		t.life = min(time.Duration(min(c.MaxAge, 1<<31))*time.Second, far)
	}
	t.dated = c.MaxAge != 0 || !c.Expires.IsZero()
	return t
}

// expire reads the lifetime.
func (c *cookie) expire(parsed *http.Cookie, now clock.Time) {
	switch {
	case parsed.MaxAge < 0:
		c.expires = now
	case c.life > 0:
		c.expires = now.Add(c.life)
	case !parsed.Expires.IsZero():
		c.expires = now.Add(min(max(0, parsed.Expires.Sub(now.Wall())), far))
	}
	if c.life == 0 && c.expires != 0 {
		c.line = 0 // an absolute date is read anew each time
	}
}

func attributes(c *http.Cookie) (flags results.ExchangeFlags) {
	if c.HttpOnly {
		flags |= results.CookieHTTPOnly
	}
	if c.Secure {
		flags |= results.CookieSecure
	}
	if c.SameSite > http.SameSiteDefaultMode {
		flags |= results.CookieSameSite
	}
	return flags
}

// scope is the domain that the Domain attribute names, which must be the host's or a parent of it; a bare label is no
// parent. It is "" where the cookie is the host's alone: without the attribute, and always where the host is an address.
// One with the host's own domain is another cookie, as in RFC 6265bis and in browsers.
func (s site) scope(attribute string) (domain string, ok bool) {
	domain = strings.ToLower(strings.TrimPrefix(attribute, "."))
	if domain == "" {
		return "", true
	}
	if _, err := netip.ParseAddr(s.host); err == nil {
		return "", domain == s.host
	}
	return domain, domain == s.host || strings.Contains(domain, ".") && strings.HasSuffix(s.host, "."+domain)
}

func cookiePath(attribute, request string) string {
	if strings.HasPrefix(attribute, "/") {
		return strings.Clone(attribute) // it would hold the whole line
	}
	if i := strings.LastIndexByte(request, '/'); i > 0 {
		return request[:i]
	}
	return "/"
}

// matches says whether the cookie goes with a request to s.
func (t *trait) matches(s site) bool {
	rest, ok := strings.CutPrefix(s.path, t.path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(t.path, "/")) && (s.secure || !t.secure)
}

func (c *cookie) dead(now clock.Time) bool { return c.expires != 0 && c.expires <= now }
