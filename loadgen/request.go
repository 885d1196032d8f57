package loadgen

import (
	"net/url"
	"strconv"

	"github.com/stickybench/stickybench/internal/wire"
)

// template writes requests; what never changes is written once.
type template struct {
	get, post, head []byte
	forwarded       bool // the user's address goes into X-Forwarded-For
}

func newTemplate(target *url.URL, via string) template {
	rest := " " + target.RequestURI() + " HTTP/1.1\r\nHost: " + target.Host + "\r\n"
	return template{get: []byte("GET" + rest), post: []byte("POST" + rest + "Content-Length: 0\r\n"), head: []byte("HEAD" + rest), forwarded: via == "x-forwarded-for"}
}

// append writes r behind b.
func (t *template) append(b []byte, r *Request) []byte {
	switch {
	case r.Write:
		b = append(b, t.post...)
	case r.Head:
		b = append(b, t.head...)
	default:
		b = append(b, t.get...)
	}
	if t.forwarded && r.Source.IsValid() {
		b = append(r.Source.AppendTo(append(b, "X-Forwarded-For: "...)), "\r\n"...)
	}
	if len(r.Cookie) > 0 {
		b = append(append(append(b, "Cookie: "...), r.Cookie...), "\r\n"...)
	}
	if !r.KeepAlive {
		b = append(b, "Connection: close\r\n"...)
	}
	b = strconv.AppendUint(append(b, wire.HeaderSession+": "...), uint64(r.ID.User), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(r.ID.Session), 10)
	b = strconv.AppendUint(append(b, "\r\n"+wire.HeaderSeq+": "...), uint64(r.Seq), 10)
	b = appendHex(append(b, "\r\n"+wire.HeaderNonce+": "...), r.Nonce)
	return append(b, "\r\n\r\n"...)
}

// appendHex writes 16 digits.
func appendHex(b []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[v>>shift&15])
	}
	return b
}
