package loadgen

import (
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// jars keeps all users' cookies for one host: the part of RFC 6265 that a single origin needs. A
// cookie is a value in the arena and the number of its kind.
type jars struct {
	site  site
	arena arena
	kinds []kind
	index map[trait]uint16
}

// jar is one user's cookies: records in a block, the oldest first.
type jar struct{ block }

// trait is all of a cookie but its value; the users of a site share few.
type trait struct {
	name, path string
	secure     bool
	flags      results.ExchangeFlags // the attributes it was set with
	life       time.Duration         // Max-Age, which counts from each answer; 0 = none
	dated      bool                  // it expires: the record says when
}

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

// A record is kind, size of the value, line, expires where the kind is dated, value.
const (
	recordLine = 2 + 2 // where the line stands
	recordHead = recordLine + 8
	recordDate = 8
)

// head is the size of a record before the value.
func (t *trait) head() int {
	if t.dated {
		return recordHead + recordDate
	}
	return recordHead
}

// Limits of RFC 6265bis: what browsers refuse is refused, and the oldest cookie goes.
const (
	mostCookies = 50
	mostPair    = 4096
	mostKinds   = 1 << 16
)

// site is the origin all cookies belong to.
type site struct {
	host, path string
	secure     bool // https
}

// lineSeed makes hashes of Set-Cookie values that a server cannot provoke collisions of.
var lineSeed = maphash.MakeSeed()

// far caps lifetimes, as RFC 6265bis does at 400 days.
const far = 400 * 24 * time.Hour

func newJars(s site) *jars { return &jars{site: s, index: map[trait]uint16{}} }

func (js *jars) clear(j *jar) {
	js.arena.give(j.block)
	*j = jar{}
}

// each calls visit with every record of j until it returns false.
func (js *jars) each(j *jar, visit func(at int, c cookie) bool) {
	b := js.arena.bytes(j.block)
	at := 0
	for range j.count {
		c := js.read(b[at:])
		if !visit(at, c) {
			return
		}
		at += c.size()
	}
}

var le = binary.LittleEndian

func (js *jars) read(b []byte) cookie {
	c := cookie{kind: &js.kinds[le.Uint16(b)], line: le.Uint64(b[recordLine:])}
	start := c.head()
	if c.dated {
		c.expires = clock.Time(le.Uint64(b[recordHead:]))
	}
	c.value = b[start : start+int(le.Uint16(b[2:]))]
	return c
}

// size is that of the cookie's record.
func (c *cookie) size() int { return c.head() + len(c.value) }

// set takes one Set-Cookie value. ok is false when the cookie was refused. A value that set a
// stored cookie before only renews its life, which costs no allocation.
func (js *jars) set(j *jar, line []byte, now clock.Time) (got cookie, ok bool) {
	hash := maphash.Bytes(lineSeed, line)
	if got, ok = js.renew(j, hash, now); ok {
		return got, true
	}
	parsed, err := http.ParseSetCookie(string(line))
	if err != nil || !js.site.covers(parsed.Domain) || (parsed.Secure && !js.site.secure) || len(parsed.Name)+len(parsed.Value) > mostPair {
		return cookie{}, false
	}
	number, ok := js.number(traits(parsed, js.site))
	if !ok {
		return cookie{}, false
	}
	got = cookie{kind: &js.kinds[number], value: []byte(parsed.Value), line: hash}
	got.expire(parsed, now)
	js.remove(j, got.kind)
	if !got.dead(now) {
		js.append(j, number, got)
	}
	return got, true
}

// renew finds the cookie that this very line has set before.
func (js *jars) renew(j *jar, hash uint64, now clock.Time) (got cookie, ok bool) {
	js.each(j, func(at int, c cookie) bool {
		if ok = c.line == hash; !ok {
			return true
		}
		if c.life > 0 {
			c.expires = now.Add(c.life)
			le.PutUint64(js.arena.bytes(j.block)[at+recordHead:], uint64(c.expires))
		}
		got = c
		return false
	})
	return got, ok
}

// number interns a trait; ok is false when a hostile server has made up too many.
func (js *jars) number(t trait) (n uint16, ok bool) {
	if n, ok = js.index[t]; ok {
		return n, true
	}
	if len(js.kinds) == mostKinds {
		return 0, false
	}
	n = uint16(len(js.kinds))
	pair := t.name + "="
	js.kinds = append(js.kinds, kind{trait: t, pair: pair, hash: fnv64(fnvStart, pair), marker: t.name != wire.SessionCookie, sent: t.matches(js.site)})
	js.index[t] = n
	return n, true
}

// remove forgets the cookie that one of this kind replaces.
func (js *jars) remove(j *jar, k *kind) {
	js.each(j, func(at int, c cookie) bool {
		if c.path != k.path || c.name != k.name {
			return true
		}
		b := js.arena.bytes(j.block)
		copy(b[at:], b[at+c.size():])
		j.count--
		return false
	})
}

func (js *jars) append(j *jar, number uint16, c cookie) {
	if j.count == mostCookies {
		js.each(j, func(_ int, oldest cookie) bool { js.remove(j, oldest.kind); return false })
	}
	size := 0
	js.each(j, func(at int, c cookie) bool { size = at + c.size(); return true })
	js.grow(j, size+c.size())
	b := js.arena.bytes(j.block)[size:size]
	b = le.AppendUint16(b, number)
	b = le.AppendUint16(b, uint16(len(c.value)))
	b = le.AppendUint64(b, c.line)
	if c.dated {
		b = le.AppendUint64(b, uint64(c.expires))
	}
	_ = append(b, c.value...)
	j.count++
}

// grow makes room for size bytes.
func (js *jars) grow(j *jar, size int) {
	if size <= int(j.block.units)*arenaUnit {
		return
	}
	larger := js.arena.take(size)
	copy(js.arena.bytes(larger), js.arena.bytes(j.block))
	js.arena.give(j.block)
	j.place, j.units = larger.place, larger.units
}

func traits(c *http.Cookie, s site) trait {
	t := trait{name: c.Name, path: cookiePath(c.Path, s.path), secure: c.Secure, flags: attributes(c)}
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

// matches says whether the cookie goes with a request to s.
func (t *trait) matches(s site) bool {
	rest, ok := strings.CutPrefix(s.path, t.path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(t.path, "/")) && (s.secure || !t.secure)
}

func (c *cookie) dead(now clock.Time) bool { return c.expires != 0 && c.expires <= now }

// hashed is the hash of name=value, the same in every process because it goes into the records.
func (c *cookie) hashed() uint64 { return fnv64(c.hash, c.value) }

// header appends the Cookie value and gives the hash of the marker cookies in it: the sum of
// theirs, whatever their order; 0 = none.
func (js *jars) header(b []byte, j *jar, now clock.Time) (_ []byte, markers uint64) {
	js.each(j, func(_ int, c cookie) bool {
		if c.dead(now) || !c.sent {
			return true
		}
		if len(b) > 0 {
			b = append(b, "; "...)
		}
		b = append(append(b, c.pair...), c.value...)
		if c.marker {
			markers += c.hashed()
		}
		return true
	})
	return b, markers
}

const fnvStart = uint64(14695981039346656037)

// fnv64 continues FNV-1a.
func fnv64[T string | []byte](h uint64, s T) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
