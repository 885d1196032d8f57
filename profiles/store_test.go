package profiles

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStoreSettings(t *testing.T) {
	e, err := Decode("e.yaml", []byte("store: {use: sticky-cache:redis:start, size: 4KB, codec: msgpack, operations: 7, touch: write-through, rtt: same-zone+spikes}"))
	if err != nil {
		t.Fatal(err)
	}
	use, cached := e.Store.Backing()
	program, throwaway := e.Store.Throwaway()
	if e.Store.Size != 4096 || use != "redis:start" || !cached || program != "redis" || !throwaway {
		t.Errorf("got %+v: backing %s, %v, throw-away %s, %v", e.Store, use, cached, program, throwaway)
	}
	for text, want := range map[string]string{
		"store: {use: mysql:start}":                        "e.yaml:1:14: store.use:",
		"store: {use: sticky-cache:memory}":                "store.use",
		"store: {size: 65KB}":                              "use 0 to 64KB",
		"store: {size: big}":                               "write it like 4KB",
		"store: {codec: xml}":                              "json, gob or msgpack",
		"store: {operations: 101}":                         "7 for a framework",
		"store: {touch: never}":                            "only or write-through",
		"store: {rtt: other-zone}":                         "same-zone",
		"store: {use: embedded, zone: a}":                  "backends.zones",
		"store: {use: embedded, cross_rtt: 1ms}":           "store.zone",
		"backends: {cores: 0.5}":                           "--cpu virtual",
		"backends: {cpu_mode: imagined}":                   "real or virtual",
		"backends: {cpu_mode: virtual, cores: -1}":         "above 0",
		"store: {use: replicated, ttl: 1h}\nstore: {a: 1}": "",
	} {
		if _, err := Decode("e.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// The presets have the medians and spreads that docs/compare.md documents.
func TestDistances(t *testing.T) {
	for name, want := range map[string][2]float64{
		"same-zone-fast": {0.1e-3, 0.35}, "same-zone": {0.25e-3, 0.35}, "same-zone-slow": {0.5e-3, 0.35},
		"cross-zone-fast": {0.8e-3, 0.25}, "cross-zone": {1.3e-3, 0.25}, "cross-zone-slow": {2.2e-3, 0.25}, "2ms": {2e-3, 0},
	} {
		d, err := ParseDistance(name)
		if err != nil {
			t.Fatal(err)
		}
		trip, logs := d.Trips(NewRand(1)), []float64{}
		for range 20_000 {
			logs = append(logs, math.Log(trip().Seconds()))
		}
		slices.Sort(logs)
		median, sigma := math.Exp(logs[10_000]), (logs[16_827]-logs[3_173])/2
		if math.Abs(median/want[0]-1) > 0.02 || math.Abs(sigma-want[1]) > 0.02 {
			t.Errorf("%s: median %v, sigma %v; want %v", name, median, sigma, want)
		}
	}
}

func TestSpikesAreOneInAThousand(t *testing.T) {
	d, _ := ParseDistance("0.1ms+spikes")
	trip, n := d.Trips(NewRand(1)), 0
	for range 100_000 {
		switch x := trip(); {
		case x >= 5*time.Millisecond && x <= 16*time.Millisecond:
			n++
		case x != 100*time.Microsecond:
			t.Fatal(x)
		}
	}
	if n < 60 || n > 140 {
		t.Errorf("%d spikes in 100,000", n)
	}
}

func TestZonesDecideTheDistance(t *testing.T) {
	e, err := Decode("e.yaml", []byte("store: {use: embedded, zone: a}\nbackends: {count: 3, zones: [a, b]}"))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"same-zone", "cross-zone", "same-zone"} {
		if got := e.Store.DistanceFrom(e.Backends.Zone(n)); got.String() != want {
			t.Errorf("instance %d: %s, want %s", n, got, want)
		}
	}
	if d := Default().Store.DistanceFrom(""); d != (Distance{}) {
		t.Errorf("without zones: %s", d)
	}
}

func TestClaimsDecode(t *testing.T) {
	entries, err := claimsYAML.ReadDir("builtin/claims")
	if err != nil || len(entries) < 10 {
		t.Fatal(len(entries), err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".yaml")
		if e, err := Claim(name); err != nil || e.Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
