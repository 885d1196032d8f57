package lb

import (
	"net"
	"net/http"
	"strings"

	"github.com/pires/go-proxyproto"
)

// proxied makes l demand a PROXY header on each connection when the options say so.
func (o Options) proxied(l net.Listener) net.Listener {
	if !strings.HasPrefix(o.ClientAddress, "proxy-") {
		return l
	}
	return &proxyproto.Listener{Listener: l, ReadHeaderTimeout: readHeader, ConnPolicy: func(proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		return proxyproto.REQUIRE, nil
	}}
}

// forwarded takes the client's address from the field that the proxy before this one wrote last.
func (o Options) forwarded(next http.Handler) http.Handler {
	if o.ClientAddress != "x-forwarded-for" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if told := r.Header.Values("X-Forwarded-For"); len(told) > 0 {
			last := told[len(told)-1]
			last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
			if net.ParseIP(last) != nil {
				r.RemoteAddr = net.JoinHostPort(last, "0")
			}
		}
		next.ServeHTTP(w, r)
	})
}
