package balancers

import (
	"net/http"
	"testing"
)

// TestLiveRemovalMovesNobodyElse: of a minimal hash, an instance in the middle that leaves the configuration takes only
// its own users away, whatever place the others have in the list.
func TestLiveRemovalMovesNobodyElse(t *testing.T) {
	each(t, 4, only("nginx:hash-address", "nginx:hash-header-consistent", "haproxy:source-consistent", "haproxy:header-consistent",
		"caddy:ip-hash", "caddy:header-hash", "caddy:cookie", "nghttpx:ip", "nghttpx:cookie-loose", "traefik:hrw", "varnish:shard-address", "lighttpd:sticky"), func(t *testing.T, f *fixture) {
		const users = 40
		var clients []*http.Client
		var before []string
		for n := range users {
			clients = append(clients, visitor(t, n))
			before = append(before, homes(t, f, clients[n], 1)[0])
		}
		pool := f.running.Params.Instances
		if _, err := f.running.Pool(t.Context(), append(append([]Instance{}, pool[:1]...), pool[2:]...)); err != nil {
			t.Fatal(err)
		}
		leavers := 0
		for n, client := range clients {
			if before[n] == pool[1].Name {
				leavers++
				// A reload may reset a connection that the old process had not accepted yet.
				eventually(t, func() bool { name, err := ask(client, f.url); return err == nil && name != pool[1].Name })
			}
		}
		if leavers == 0 {
			t.Fatalf("none of %d users lived on %s", users, pool[1].Name)
		}
		moved := 0
		for n, client := range clients {
			if name := homes(t, f, client, 1)[0]; before[n] != pool[1].Name && name != before[n] {
				moved++
			}
		}
		if moved > 0 {
			t.Errorf("%d of %d users moved although their home stayed", moved, users-leavers)
		}
	})
}
