package profiles

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// count is how many arrive in [from, to).
func count(t *testing.T, load Load, duration, from, to time.Duration) float64 {
	t.Helper()
	exp := Default()
	exp.Faults, exp.Duration, exp.Load = nil, Duration(duration), load
	exp.Load.Timeout = Default().Load.Timeout
	if err := exp.Validate(); err != nil {
		t.Fatal(err)
	}
	n := 0.0
	arrivals := NewPlan(exp).Arrivals()
	last := time.Duration(0)
	for at, ok := arrivals.Next(); ok; at, ok = arrivals.Next() {
		if at < last {
			t.Fatalf("arrival at %v after %v", at, last)
		}
		if last = at; at >= from && at < to {
			n++
		}
	}
	return n
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 4*math.Sqrt(want)+1 { // four standard deviations of a Poisson count
		t.Errorf("%s: %v arrivals, want about %v", what, got, want)
	}
}

func TestSpike(t *testing.T) {
	second := Duration(time.Second)
	load := Load{Spike: &Spike{Base: 100, Peak: 1000, At: 10 * second, Rise: 2 * second, Hold: 4 * second, Fall: 2 * second}}
	near(t, "before", count(t, load, 30*time.Second, 0, 10*time.Second), 1000)
	near(t, "rise", count(t, load, 30*time.Second, 10*time.Second, 12*time.Second), 1100)
	near(t, "peak", count(t, load, 30*time.Second, 12*time.Second, 16*time.Second), 4000)
	near(t, "after", count(t, load, 30*time.Second, 18*time.Second, 30*time.Second), 1200)
	load.Spike.At, load.Spike.Rise, load.Spike.Fall = 0, 0, 0
	near(t, "at once", count(t, load, 10*time.Second, 0, 4*time.Second), 4000)
}

func TestSine(t *testing.T) {
	load := Load{Sine: &Sine{Mean: 500, Amplitude: 400, Period: Duration(10 * time.Second)}}
	half := 400 * 10 / math.Pi // what the wave adds in its first half
	near(t, "high half", count(t, load, 20*time.Second, 0, 5*time.Second), 2500+half)
	near(t, "low half", count(t, load, 20*time.Second, 5*time.Second, 10*time.Second), 2500-half)
	near(t, "two waves", count(t, load, 20*time.Second, 0, 20*time.Second), 10000)
}

func TestSineInvertsItsCumulativeRate(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := &Sine{Mean: rapid.Float64Range(0.1, 1e4).Draw(r, "mean"), Period: Duration(rapid.IntRange(1e6, 1e12).Draw(r, "period"))}
		s.Amplitude = s.Mean * rapid.Float64Range(0, 1).Draw(r, "amplitude")
		at := rapid.Float64Range(0, 1e4).Draw(r, "at")
		got, _ := s.invert(s.cumulative(at))
		if back := s.cumulative(got.Seconds()); math.Abs(back-s.cumulative(at)) > 1e-4*max(1, s.cumulative(at)) {
			r.Fatalf("%v gives %v", at, got)
		}
	})
}

func TestAddressesStayInTheirNetwork(t *testing.T) {
	for _, network := range []string{"10.0.0.0/8", "192.0.2.0/24", "192.0.2.1/32", "192.0.2.2/31", "fd00:5b::/64", "fd00:5b:0:8000::/49", "::1/128"} {
		exp := Default()
		exp.Load.ClientAddress.Network = network
		plan := NewPlan(exp)
		seen := map[string]bool{}
		for user := range uint32(200) {
			a := plan.Source(plan.Address(user, 0))
			if seen[a.String()] = true; !plan.network.Contains(a) {
				t.Fatalf("user %d has %s, outside %s", user, a, network)
			}
		}
		if bits := plan.network.Addr().BitLen() - plan.network.Bits(); bits > 20 && len(seen) < 150 {
			t.Errorf("%s: 200 users have %d addresses", network, len(seen))
		}
	}
}
