package lb

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// markerName is the balancer's own cookie unless it is told another.
const markerName = "SBROUTE"

// cookie keeps the binding in a marker cookie.
type cookie struct {
	name     string
	codec    codec
	ttl      time.Duration
	absolute bool
}

func newCookie(o Options) *cookie {
	return &cookie{name: cmp.Or(o.Cookie, markerName), codec: newCodec(o.Seed), ttl: o.TTL, absolute: o.Absolute}
}

func (c *cookie) home(r *http.Request, p *pool, _ func(*member) bool, now time.Time) string {
	m, ok := c.read(r, now)
	if !ok {
		return ""
	}
	for _, in := range p.members {
		if c.codec.alias(in.Name) == m.alias {
			return in.Name
		}
	}
	return ""
}

// read tries every cookie of the name: a foreign one may stand before ours.
func (c *cookie) read(r *http.Request, now time.Time) (marker, bool) {
	for _, sent := range r.CookiesNamed(c.name) {
		if m, ok := c.codec.decode(sent.Value); ok && c.valid(m, now) {
			return m, true
		}
	}
	return marker{}, false
}

func (c *cookie) valid(m marker, now time.Time) bool {
	from := m.stamp
	if c.absolute {
		from = m.bound
	}
	return c.ttl == 0 || now.UnixNano()-from <= int64(c.ttl)
}

// bind re-issues only when the home changed or a sliding stamp is a tenth of the TTL old: an idle
// session may so expire up to a tenth early, and the value does not churn.
func (c *cookie) bind(answer http.Header, r *http.Request, instance string, now time.Time) {
	m, ok := c.read(r, now)
	if alias := c.codec.alias(instance); !ok || m.alias != alias {
		m = marker{alias: alias, bound: now.UnixNano()}
	} else if c.ttl == 0 || c.absolute || now.UnixNano()-m.stamp < int64(c.ttl/10) {
		return
	}
	m.stamp = now.UnixNano()
	set := http.Cookie{Name: c.name, Value: c.codec.encode(m), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	answer.Add("Set-Cookie", set.String())
}

// marker is what the cookie carries; times are Unix nanoseconds.
type marker struct {
	alias        uint64 // keyed hash of the instance's name, so that the value reveals nothing
	bound, stamp int64
}

// codec signs markers. The key follows from the seed, so that replicas and restarts agree.
type codec struct{ key []byte }

const (
	payloadSize = 24
	tagSize     = 16
)

func newCodec(seed uint64) codec {
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("stickybench marker "), seed))
	return codec{key[:]}
}

func (c codec) sum(domain byte, data []byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte{domain})
	mac.Write(data)
	return mac.Sum(nil)
}

func (c codec) alias(name string) uint64 { return binary.BigEndian.Uint64(c.sum('i', []byte(name))) }

func (c codec) encode(m marker) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, payloadSize+tagSize), m.alias)
	b = binary.BigEndian.AppendUint64(b, uint64(m.bound))
	b = binary.BigEndian.AppendUint64(b, uint64(m.stamp))
	return base64.RawURLEncoding.EncodeToString(append(b, c.sum('m', b)[:tagSize]...))
}

func (c codec) decode(value string) (marker, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != payloadSize+tagSize || !hmac.Equal(c.sum('m', b[:payloadSize])[:tagSize], b[payloadSize:]) {
		return marker{}, false
	}
	at := func(i int) uint64 { return binary.BigEndian.Uint64(b[i:]) }
	return marker{at(0), int64(at(8)), int64(at(16))}, true
}
