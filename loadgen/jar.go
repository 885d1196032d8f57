package loadgen

import (
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// jar keeps one user's cookies for one host: the part of RFC 6265 that a single origin needs.
type jar struct{ cookies []cookie }

// cookie is one stored cookie, ready to be sent.
type cookie struct {
	pair    string // name=value
	path    string
	name    uint16 // length of the name
	secure  bool
	marker  bool                  // not the application's own session id
	flags   results.ExchangeFlags // the attributes it was set with
	hash    uint64                // of pair
	line    uint64                // of the Set-Cookie value that set it
	life    time.Duration         // Max-Age, which counts from each answer; 0 = none
	expires clock.Time            // 0 = at the session's end
}

// site is the origin all cookies belong to.
type site struct {
	host, path string
	secure     bool // https
}

// lineSeed makes hashes of Set-Cookie values that a server cannot provoke collisions of.
var lineSeed = maphash.MakeSeed()

// far caps lifetimes, as RFC 6265bis does at 400 days.
const far = 400 * 24 * time.Hour

func (j *jar) clear() { j.cookies = j.cookies[:0] }

// set takes one Set-Cookie value. ok is false when the cookie was refused. A value that set a
// stored cookie before only renews its life, which costs no allocation.
func (j *jar) set(line []byte, s site, now clock.Time) (got cookie, ok bool) {
	hash := maphash.Bytes(lineSeed, line)
	for i := range j.cookies {
		if c := &j.cookies[i]; c.line == hash {
			if c.life > 0 {
				c.expires = now.Add(c.life)
			}
			return *c, true
		}
	}
	parsed, err := http.ParseSetCookie(string(line))
	if err != nil || !s.covers(parsed.Domain) || (parsed.Secure && !s.secure) {
		return cookie{}, false
	}
	got = newCookie(parsed, s, hash, now)
	j.cookies = slices.DeleteFunc(j.cookies, func(o cookie) bool { return o.path == got.path && o.named() == got.named() })
	if !got.dead(now) {
		j.cookies = append(j.cookies, got)
	}
	return got, true
}

func newCookie(c *http.Cookie, s site, line uint64, now clock.Time) cookie {
	pair := c.Name + "=" + c.Value
	got := cookie{pair: pair, name: uint16(len(c.Name)), path: cookiePath(c.Path, s.path), secure: c.Secure,
		marker: c.Name != wire.SessionCookie, flags: attributes(c), hash: fnv64(pair), line: line}
	switch {
	case c.MaxAge < 0:
		got.expires = now
	case c.MaxAge > 0:
		got.life = min(time.Duration(min(c.MaxAge, 1<<31))*time.Second, far)
		got.expires = now.Add(got.life)
	case !c.Expires.IsZero():
		got.expires = now.Add(min(max(0, c.Expires.Sub(now.Wall())), far))
	}
	if got.life == 0 && got.expires != 0 {
		got.line = 0 // an absolute date is read anew each time
	}
	return got
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
		return strings.Clone(attribute) // it would hold the whole line
	}
	if i := strings.LastIndexByte(request, '/'); i > 0 {
		return request[:i]
	}
	return "/"
}

func (c *cookie) named() string { return c.pair[:c.name] }
func (c *cookie) value() string { return c.pair[c.name+1:] }

func (c *cookie) dead(now clock.Time) bool { return c.expires != 0 && c.expires <= now }

func (c *cookie) matches(s site) bool {
	rest, ok := strings.CutPrefix(s.path, c.path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(c.path, "/"))
}

// header appends the Cookie value and gives the hash of the marker cookies in it: the sum of
// theirs, whatever their order; 0 = none.
func (j *jar) header(b []byte, s site, now clock.Time) (_ []byte, markers uint64) {
	for i := range j.cookies {
		c := &j.cookies[i]
		if c.dead(now) || !c.matches(s) || c.secure && !s.secure {
			continue
		}
		if len(b) > 0 {
			b = append(b, "; "...)
		}
		b = append(b, c.pair...)
		if c.marker {
			markers += c.hash
		}
	}
	return b, markers
}

// fnv64 is FNV-1a: the hash goes into the records, so it must be the same in every process.
func fnv64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
