package balancers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// TestLiveComputedMarker: without a secret Caddy's cookie is a hash of the address that anybody can compute.
func TestLiveComputedMarker(t *testing.T) {
	each(t, 4, only("caddy:cookie", "caddy:cookie-plain"), func(t *testing.T, f *fixture) {
		wanted := f.running.Params.Instances[2]
		mac := hmac.New(sha256.New, nil)
		mac.Write([]byte(wanted.Address))
		hits := 0
		for range 24 {
			if name, _, _ := given(t, f, "SRV="+hex.EncodeToString(mac.Sum(nil)), "SRV"); name == wanted.Name {
				hits++
			}
		}
		if forged := hits == 24; forged != (f.running.Mechanism.Marker == Unsalted) {
			t.Errorf("%d of 24 requests with a computed marker reached %s; the promise is %q", hits, wanted.Name, f.running.Mechanism.Marker)
		}
	})
}
