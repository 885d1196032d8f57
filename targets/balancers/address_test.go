package balancers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/stickybench/stickybench/profiles"
)

// TestLiveToldAddress: users of one connection's address, told apart by what a PROXY header or X-Forwarded-For says, have
// homes of their own where the mechanism routes on the address, and the instance hears of that address where the balancer
// passes it on. Apache has no mechanism that routes on it.
func TestLiveToldAddress(t *testing.T) {
	all := []string{"nginx:ip-hash", "nginx:hash-address", "haproxy:source", "haproxy:stick-table", "caddy:client-ip-hash", "apache:cookie", "nghttpx:cookie", "traefik:cookie", "varnish:shard-address", "lighttpd:sticky"}
	for _, via := range []string{profiles.ViaProxy1, profiles.ViaProxy2, profiles.ViaForwarded} {
		t.Run(via, func(t *testing.T) {
			uses := all
			if via != profiles.ViaForwarded {
				uses = append(uses, "caddy:ip-hash", "nghttpx:ip", "traefik:hrw")
			}
			eachWith(t, 4, func(p *Params) { p.Via = via }, only(uses...), heard)
		})
	}
}

func heard(t *testing.T, f *fixture) {
	var homes []string
	for n := range 12 {
		address := fmt.Sprintf("10.%d.%d.%d", n*41%250, n*17%250, 1+n*13%250)
		var seen []string
		for range 3 {
			name, told := tell(t, f, address)
			seen = append(seen, name)
			if f.running.Row.Name != "haproxy" && told != address && !strings.HasPrefix(told, address+",") { // which is not set up to pass it on
				t.Errorf("the instance heard of %q, the user is %s", told, address)
			}
		}
		if f.running.Mechanism.Key == keyAddress && distinct(seen) != 1 {
			t.Errorf("the user at %s saw %v", address, seen)
		}
		homes = append(homes, seen[0])
	}
	if distinct(homes) < 2 {
		t.Errorf("twelve addresses all came to %v", homes)
	}
}

// tell sends a request of a user at that address.
func tell(t *testing.T, f *fixture, address string) (instance, told string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, f.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.running.Params.Forwarded() {
		r.Header.Set("X-Forwarded-For", address)
	}
	answer, err := f.client(address).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	name := make([]byte, 2)
	if _, err := answer.Body.Read(name); err != nil && answer.StatusCode != http.StatusOK {
		t.Fatal(err)
	}
	return string(name), answer.Header.Get("Told-Address")
}

// client tells the balancer that address, where it is set up to be told, on a new connection each time.
func (f *fixture) client(address string) *http.Client {
	version := profiles.ProxyVersion(f.running.Params.Via)
	dial := func(ctx context.Context, network, to string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, to)
		if err != nil || version == 0 {
			return conn, err
		}
		from := &net.TCPAddr{IP: net.ParseIP(address), Port: 4242}
		_, err = proxyproto.HeaderProxyFromAddrs(version, from, conn.RemoteAddr()).WriteTo(conn)
		return conn, err
	}
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}, Timeout: 10 * time.Second}
}

func TestOlderVersionsAreNotToldAddresses(t *testing.T) {
	row, m, err := Lookup("caddy:ip-hash")
	if err != nil {
		t.Fatal(err)
	}
	const want = "load.client_address.via: caddy learns addresses by proxy-v1 from 2.7 on, 2.6.2 is installed; use source, or put a newer one first on the PATH (" +
		"Debian: apt-get install caddy, or go install github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9)"
	p := Params{Via: profiles.ViaProxy1}
	if err := row.Learns(p, "2.6.2"); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if err := row.Learns(p, "2.7"); err != nil {
		t.Error(err)
	}
	if err := row.Learns(Params{}, "2.6.2"); err != nil {
		t.Error(err)
	}
	if err := row.Refuse(m, Params{Via: profiles.ViaForwarded}); err == nil {
		t.Error("caddy's ip_hash does not look at X-Forwarded-For, and nothing said so")
	}
}
