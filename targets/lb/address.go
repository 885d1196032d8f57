package lb

import (
	"net"
	"net/http"
	"strings"

	"github.com/pires/go-proxyproto"

	"github.com/stickybench/stickybench/profiles"
)

// proxied makes l demand a PROXY header on each connection when the options say so.
func (o Options) proxied(l net.Listener) net.Listener {
	if profiles.ProxyVersion(o.ClientAddress) == 0 {
		return l
	}
	return &proxyproto.Listener{Listener: l, ReadHeaderTimeout: readHeader, ConnPolicy: func(proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		return proxyproto.REQUIRE, nil
	}}
}

// forwarded takes the client's address from the field that the proxy before this one wrote last.
func (o Options) forwarded(next http.Handler) http.Handler {
	if o.ClientAddress != profiles.ViaForwarded {
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
