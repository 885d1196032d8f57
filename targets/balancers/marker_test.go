package balancers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"testing"
)

// TestLiveComputedMarker: without a secret Caddy's cookie is a hash of the address that anybody can compute, and so is
// nghttpx's strict one.
func TestLiveComputedMarker(t *testing.T) {
	each(t, 4, only("caddy:cookie", "caddy:cookie-plain", "nghttpx:cookie"), func(t *testing.T, f *fixture) {
		wanted, hits := f.running.Params.Instances[2], 0
		for range 24 {
			if name, _, _ := given(t, f, "SRV="+computed(f.running.Row, wanted.Address), "SRV"); name == wanted.Name {
				hits++
			}
		}
		if forged := hits == 24; forged != (f.running.Mechanism.Marker == Unsalted) {
			t.Errorf("%d of 24 requests with a computed marker reached %s; the promise is %q", hits, wanted.Name, f.running.Mechanism.Marker)
		}
	})
}

func computed(row Row, address string) string {
	if row.Name == "caddy" {
		mac := hmac.New(sha256.New, nil)
		mac.Write([]byte(address))
		return hex.EncodeToString(mac.Sum(nil))
	}
	at, ip := netip.MustParseAddrPort(address), netip.MustParseAddrPort(address).Addr().As4()
	sum := uint32(2166136261) // FNV-1a of a sockaddr_in
	for _, b := range append([]byte{2, 0, byte(at.Port() >> 8), byte(at.Port())}, append(ip[:], make([]byte, 8)...)...) {
		sum = (sum ^ uint32(int8(b))) * 16777619 // a char has a sign on x86
	}
	return fmt.Sprintf("%08x", sum)
}

// TestLiveLooseMarkerIsHashed: any value of nghttpx's loose cookie has a home, and is not replaced.
func TestLiveLooseMarkerIsHashed(t *testing.T) {
	each(t, 4, only("nghttpx:cookie-loose"), func(t *testing.T, f *fixture) {
		var seen []string
		for n := range 24 {
			sent := fmt.Sprintf("SRV=%08x", uint32(n+1)*2654435761)
			home, value, _ := given(t, f, sent, "SRV")
			if again, _, _ := given(t, f, sent, "SRV"); value != "" || again != home {
				t.Errorf("%s led to %s, then to %s, and was replaced by %q", sent, home, again, value)
			}
			seen = append(seen, home)
		}
		if distinct(seen) < 2 {
			t.Errorf("24 values all have their home on %s", seen[0])
		}
	})
}
