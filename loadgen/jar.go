package loadgen

import (
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
)

// jars keeps all users' cookies for one host: the part of RFC 6265 that a single origin needs. A
// cookie is a value in the arena and the number of its kind.
type jars struct {
	site  site
	arena arena
	kinds []kind
	index map[trait]uint16
}

// jar is one user's cookies: records in a block, in the order they are sent in: those of longer paths first, and of one
// length the oldest.
type jar struct{ block }

// A record is kind, size of the value, line, expires where the kind is dated, value.
const (
	recordLine = 2 + 2 // where line is
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

// Limits of RFC 6265bis: what browsers refuse is refused, and of too many cookies the first goes.
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
	if err != nil || (parsed.Secure && !js.site.secure) || len(parsed.Name)+len(parsed.Value) > mostPair {
		return cookie{}, false
	}
	domain, ok := js.site.scope(parsed.Domain)
	if !ok {
		return cookie{}, false
	}
	number, ok := js.number(traits(parsed, js.site, domain))
	if !ok {
		return cookie{}, false
	}
	got = cookie{kind: &js.kinds[number], value: []byte(parsed.Value), line: hash}
	got.expire(parsed, now)
	js.put(j, number, got, now)
	return got, true
}

// put stores the cookie in the place of the one it replaces, whose age it inherits; without one it is the youngest. A
// cookie that is dead on arrival only removes.
func (js *jars) put(j *jar, number uint16, c cookie, now clock.Time) {
	at, old := js.remove(j, c.identity)
	switch {
	case c.dead(now):
	case old.kind == nil || old.dead(now):
		js.add(j, number, c)
	default:
		js.insert(j, at, number, c)
	}
}

// renew finds the cookie that this very line has set before.
func (js *jars) renew(j *jar, hash uint64, now clock.Time) (got cookie, ok bool) {
	js.each(j, func(at int, c cookie) bool {
		if ok = c.line == hash && !c.dead(now); !ok {
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

// remove forgets the cookie of that identity and says where it was and what, but for its value; no kind = there was none.
func (js *jars) remove(j *jar, id identity) (place int, old cookie) {
	js.each(j, func(at int, c cookie) bool {
		if c.identity != id {
			return true
		}
		place, old = at, cookie{kind: c.kind, expires: c.expires}
		b := js.arena.bytes(j.block)
		copy(b[at:], b[at+c.size():])
		j.count--
		return false
	})
	return place, old
}

// add stores a cookie that replaces none.
func (js *jars) add(j *jar, number uint16, c cookie) {
	if j.count == mostCookies {
		js.each(j, func(_ int, first cookie) bool { js.remove(j, first.identity); return false })
	}
	js.insert(j, js.place(j, c.kind), number, c)
}

// place is where a new cookie of this kind belongs.
func (js *jars) place(j *jar, k *kind) (place int) {
	js.each(j, func(at int, c cookie) bool {
		place = at
		if len(c.path) < len(k.path) || len(c.path) == len(k.path) && k.twin == elderTwin {
			return false
		}
		place += c.size()
		return true
	})
	return place
}

func (js *jars) insert(j *jar, at int, number uint16, c cookie) {
	size := 0
	js.each(j, func(at int, c cookie) bool { size = at + c.size(); return true })
	js.grow(j, size+c.size())
	all := js.arena.bytes(j.block)
	copy(all[at+c.size():], all[at:size])
	b := all[at:at]
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

// hashed is the hash of name=value, the same in every process because it goes into the records.
func (c *cookie) hashed() uint64 { return fnv64(c.hash, c.value) }

// header appends the Cookie value and gives the hash of the marker cookies in it: the sum of
// theirs, whatever their order; 0 = none. doubled is true when a twin is among them.
func (js *jars) header(b []byte, j *jar, now clock.Time) (_ []byte, markers uint64, doubled bool) {
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
		doubled = doubled || c.twin != noTwin
		return true
	})
	return b, markers, doubled
}

const fnvStart = uint64(14695981039346656037)

// fnv64 continues FNV-1a.
func fnv64[T string | []byte](h uint64, s T) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
