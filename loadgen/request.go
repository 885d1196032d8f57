package loadgen

import (
	"strconv"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
)

// template writes requests; what never changes is written once.
type template struct {
	get, post, head []byte
	forwarded       bool   // the user's address goes into X-Forwarded-For
	traced          bool   // each request begins a trace
	user            string // begins the field that names the user; "" = none does
}

func newTemplate(s settings) template {
	target := s.target
	rest := " " + target.RequestURI() + " HTTP/1.1\r\nHost: " + target.Host + "\r\n"
	return template{get: []byte("GET" + rest), post: []byte("POST" + rest + "Content-Length: 0\r\n"), head: []byte("HEAD" + rest), forwarded: s.via == profiles.ViaForwarded, traced: s.traced, user: s.userField()}
}

func (s *settings) userField() string {
	if s.userHeader == "" {
		return ""
	}
	return s.userHeader + ": " + userPrefix
}

// userPrefix begins a user's name, which its number ends.
const userPrefix = "user-"

// with is t with one more header line.
func (t template) with(line string) template {
	t.get, t.post, t.head = append(t.get, line...), append(t.post, line...), append(t.head, line...)
	return t
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
	if t.traced {
		b = appendTrace(b, r)
	}
	if t.user != "" {
		b = append(strconv.AppendUint(append(b, t.user...), uint64(r.ID.User), 10), "\r\n"...)
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

// appendTrace writes W3C trace context, level 1: the trace is named by session and nonce, the span by the
// nonce alone, so that a trace found elsewhere leads back to its exchange.
func appendTrace(b []byte, r *Request) []byte {
	return append(appendTraceparent(append(b, "traceparent: "...), r), "\r\n"...)
}

func appendTraceparent(b []byte, r *Request) []byte {
	b = appendHex(append(b, "00-"...), uint64(r.ID.User)<<32|uint64(r.ID.Session))
	b = append(appendHex(b, r.Nonce|1), '-')
	return append(appendHex(b, r.Nonce|1), "-01"...)
}

// method is r's, as HTTP calls it.
func (r *Request) method() string {
	switch {
	case r.Write:
		return "POST"
	case r.Head:
		return "HEAD"
	}
	return "GET"
}

// appendHex writes 16 digits.
func appendHex(b []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[v>>shift&15])
	}
	return b
}
