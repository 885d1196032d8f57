package loadgen

import (
	"bytes"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// cookie is one stored cookie; expires 0 means the session's end.
type cookie struct {
	name, value, path string
	expires           clock.Time
	secure            bool
}

// jar keeps one user's cookies for one host: the part of RFC 6265 that a single origin needs.
type jar struct{ cookies []cookie }

// site is the origin all cookies belong to.
type site struct {
	host, path string
	secure     bool // https
}

func (j *jar) clear() { j.cookies = j.cookies[:0] }

// set takes one Set-Cookie value. ok is false when the cookie was refused.
func (j *jar) set(line []byte, s site, now clock.Time) (got cookie, flags results.ExchangeFlags, ok bool) {
	c, err := http.ParseSetCookie(string(line))
	if err != nil || !s.covers(c.Domain) || (c.Secure && !s.secure) {
		return cookie{}, 0, false
	}
	got = cookie{name: c.Name, value: c.Value, path: cookiePath(c.Path, s.path), secure: c.Secure, expires: expiry(c, now)}
	j.cookies = slices.DeleteFunc(j.cookies, func(o cookie) bool { return o.name == got.name && o.path == got.path })
	if got.dead(now) {
		return got, 0, true
	}
	j.cookies = append(j.cookies, got)
	return got, attributes(c), true
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

// covers: the Domain attribute must name the host or a parent domain; a bare label is no parent.
func (s site) covers(domain string) bool {
	domain = strings.ToLower(strings.TrimPrefix(domain, "."))
	return domain == "" || domain == s.host || strings.Contains(domain, ".") && strings.HasSuffix(s.host, "."+domain)
}

func cookiePath(attribute, request string) string {
	if strings.HasPrefix(attribute, "/") {
		return attribute
	}
	if i := strings.LastIndexByte(request, '/'); i > 0 {
		return request[:i]
	}
	return "/"
}

func expiry(c *http.Cookie, now clock.Time) clock.Time {
	const far = 400 * 24 * time.Hour // RFC 6265bis caps lifetimes at 400 days
	switch {
	case c.MaxAge < 0:
		return now
	case c.MaxAge > 0:
		return now.Add(min(time.Duration(min(c.MaxAge, 1<<31))*time.Second, far))
	case !c.Expires.IsZero() && c.Expires.Before(now.Wall()):
		return now
	case !c.Expires.IsZero():
		return now.Add(min(c.Expires.Sub(now.Wall()), far))
	}
	return 0
}

func (c cookie) dead(now clock.Time) bool { return c.expires != 0 && c.expires <= now }

func (c cookie) matches(s site) bool {
	rest, ok := strings.CutPrefix(s.path, c.path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(c.path, "/"))
}

// header appends the Cookie value and gives the hash of the marker cookies in it.
func (j *jar) header(b []byte, s site, now clock.Time) ([]byte, uint64) {
	var marks []cookie
	for _, c := range j.cookies {
		if c.dead(now) || !c.matches(s) || c.secure && !s.secure {
			continue
		}
		if len(b) > 0 {
			b = append(b, "; "...)
		}
		b = append(append(append(b, c.name...), '='), c.value...)
		marks = append(marks, c)
	}
	return b, markerHash(marks)
}

// markerHash is FNV-64a of the sorted name=value lines without the application's cookie; 0 = none.
func markerHash(cookies []cookie) uint64 {
	var lines [][]byte
	for _, c := range cookies {
		if c.name != wire.SessionCookie {
			lines = append(lines, []byte(c.name+"="+c.value))
		}
	}
	if len(lines) == 0 {
		return 0
	}
	slices.SortFunc(lines, bytes.Compare)
	h := fnv.New64a()
	h.Write(bytes.Join(lines, []byte{'\n'}))
	return h.Sum64()
}
