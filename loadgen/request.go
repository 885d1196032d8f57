package loadgen

import (
	"net/url"
	"strconv"

	"github.com/stickybench/stickybench/internal/wire"
)

// template writes requests; what never changes is written once.
type template struct{ get, post []byte }

func newTemplate(target *url.URL) template {
	rest := " " + target.RequestURI() + " HTTP/1.1\r\nHost: " + target.Host + "\r\n"
	return template{get: []byte("GET" + rest), post: []byte("POST" + rest + "Content-Length: 0\r\n")}
}

// with is t with one more header line.
func (t template) with(line string) template {
	return template{get: append(t.get, line...), post: append(t.post, line...)}
}

// append writes r behind b.
func (t *template) append(b []byte, r *Request) []byte {
	if r.Write {
		b = append(b, t.post...)
	} else {
		b = append(b, t.get...)
	}
	if len(r.Cookie) > 0 {
		b = append(append(append(b, "Cookie: "...), r.Cookie...), "\r\n"...)
	}
	if !r.KeepAlive {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(appendIdentity(b, r), "\r\n"...)
}

// appendIdentity writes the fields that tell the backend which exchange this is.
func appendIdentity(b []byte, r *Request) []byte {
	b = strconv.AppendUint(append(b, wire.HeaderSession+": "...), uint64(r.ID.User), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(r.ID.Session), 10)
	b = strconv.AppendUint(append(b, "\r\n"+wire.HeaderSeq+": "...), uint64(r.Seq), 10)
	b = appendHex(append(b, "\r\n"+wire.HeaderNonce+": "...), r.Nonce)
	return append(b, "\r\n"...)
}

// appendHex writes 16 digits.
func appendHex(b []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[v>>shift&15])
	}
	return b
}
