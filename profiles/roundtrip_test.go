package profiles

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func distributions() *rapid.Generator[Distribution] {
	return rapid.Custom(func(r *rapid.T) Distribution {
		text := rapid.SampledFrom([]string{"0", "5ms", "3", "uniform(1, 3)", "exponential(7s)", "lognormal(15s, 1.2)[0, 600s]",
			"inverse-gaussian(4, 3)[1, 60]", "pareto(1, 1.5)", "empirical(1, 2, 9)", "two-point(5ms, 0.02)", "0[0, 4]"}).Draw(r, "text")
		d, err := ParseDistribution(text)
		if err != nil {
			r.Fatal(err)
		}
		return d
	})
}

func drawMix(r *rapid.T) Mix {
	if rapid.Bool().Draw(r, "builtin") {
		mix, _ := LookupMix(rapid.SampledFrom(MixNames()).Draw(r, "mix"))
		return mix
	}
	mix := Mix{Name: rapid.StringMatching(`[a-z][a-z0-9 ._-]{0,12}`).Draw(r, "mix")}
	for range rapid.IntRange(1, 4).Draw(r, "profiles") {
		mix.Profiles = append(mix.Profiles, Weighted{Share: rapid.Float64Range(0.001, 100).Draw(r, "share"), Profile: drawProfile(r)})
	}
	mix.normalise()
	return mix
}

func drawProfile(r *rapid.T) Profile {
	d := distributions()
	return Profile{
		Name: rapid.StringMatching(`[a-z]{1,8}`).Draw(r, "name"), About: rapid.StringMatching(`[a-z][a-z0-9 ,;.]{0,20}`).Draw(r, "about"),
		Requests: d.Filter(func(d Distribution) bool { return !d.IsZero() }).Draw(r, "requests"),
		Think:    d.Draw(r, "think"), Parallel: d.Draw(r, "parallel"),
		Writes:       rapid.Float64Range(0, 1).Draw(r, "writes"),
		Jar:          rapid.SampledFrom([]string{"", "keep", "none", "half"}).Draw(r, "jar"),
		Connection:   rapid.SampledFrom([]string{"", "keep-alive", "per-request"}).Draw(r, "connection"),
		MovesPerHour: rapid.Float64Range(0, 1e6).Draw(r, "moves"), Behind: rapid.IntRange(0, 500).Draw(r, "behind"),
	}
}

func drawLoad(r *rapid.T, l *Load) {
	l.Rate = 0
	switch rapid.IntRange(0, 2).Draw(r, "load") {
	case 0:
		l.Rate = rapid.Float64Range(1e-6, 1e6).Draw(r, "rate")
	case 1:
		l.Users = rapid.IntRange(1, 1_000_000).Draw(r, "users")
	default:
		l.Stages = rapid.SliceOfN(rapid.Custom(func(r *rapid.T) Stage {
			return Stage{For: drawDuration(r), Rate: rapid.Float64Range(0, 1e6).Draw(r, "rate"), Ramp: rapid.Bool().Draw(r, "ramp")}
		}), 1, 4).Draw(r, "stages")
	}
}

// drawTarget is a URL and what is spoken there, or a balancer to start.
func drawTarget(r *rapid.T, e *Experiment) {
	e.Load.Protocol = rapid.SampledFrom([]string{"", HTTP1, HTTP2, WebSocket, Events}).Draw(r, "protocol")
	if !rapid.Bool().Draw(r, "url") {
		e.Faults = []Fault{{Kill: "b1"}}
		if rapid.Bool().Draw(r, "front") {
			e.Balancer.Front = &Front{Use: rapid.SampledFrom([]string{"", "haproxy:cookie"}).Draw(r, "front use"), Cookie: rapid.SampledFrom([]string{"", "A-1_b"}).Draw(r, "cookie")}
			e.Faults = append(e.Faults, Fault{Reload: "front"})
		}
		return
	}
	e.Balancer.Use, e.Balancer.URL = "", "http://127.0.0.1:1"
	if rapid.Bool().Draw(r, "secure") {
		e.Balancer.URL = "https://127.0.0.1:1"
		e.Load.Protocol = rapid.SampledFrom([]string{"", HTTP2, HTTP3}).Draw(r, "secure protocol")
		e.Load.TLS = TLS{CA: rapid.SampledFrom([]string{"", "ca.pem"}).Draw(r, "ca"), Insecure: rapid.Bool().Draw(r, "insecure"),
			ServerName: rapid.SampledFrom([]string{"", "shop.test"}).Draw(r, "name"), Resumption: rapid.Bool().Draw(r, "resumption")}
	}
}

func drawDuration(r *rapid.T) Duration { return Duration(rapid.Int64Range(1, 1<<50).Draw(r, "ns")) }

func drawExperiment(r *rapid.T) *Experiment {
	e := Default()
	e.Name, e.Seed = rapid.StringMatching(`[a-z][a-z0-9 ._-]{0,12}`).Draw(r, "name"), rapid.Uint64().Draw(r, "seed")
	e.Duration, e.Warmup, e.Faults = drawDuration(r), 0, nil
	e.Balancer.TTL = drawDuration(r) - 1
	e.Balancer.Choice = rapid.SampledFrom([]string{"", "random", "least"}).Draw(r, "choice")
	e.Balancer.Health.Interval = drawDuration(r)
	drawTarget(r, e)
	e.Backends.Handler, e.Backends.CPU = distributions().Draw(r, "handler"), distributions().Draw(r, "cpu")
	e.Store.RTT.text = rapid.SampledFrom([]string{"", "same-zone", "cross-zone-slow+spikes", "lognormal(0.3ms, 0.2)"}).Draw(r, "rtt")
	e.Store.Size = Bytes(rapid.IntRange(0, 65536).Draw(r, "size"))
	e.Backends.Zones = rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(r, "zones")
	e.Mix = drawMix(r)
	drawLoad(r, &e.Load)
	return e
}

// The run directory keeps the experiment as text: what is read back must be what was run.
func TestAnyExperimentRoundTrips(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := drawExperiment(r)
		if err := want.Validate(); err != nil {
			r.Fatal(err)
		}
		text, err := want.Encode()
		if err != nil {
			r.Fatal(err)
		}
		got, err := Decode("other.yaml", text)
		if err != nil {
			r.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("%s\n%s", diff, text)
		}
	})
}

func TestZeroesInAFileAreKept(t *testing.T) {
	exp, err := Decode("e.yaml", []byte("lb: {ttl: 0}\nbackends: {handler: 0}\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := exp.Encode()
	again, err := Decode("e.yaml", text)
	if err != nil || again.Balancer.TTL != 0 || !again.Backends.Handler.IsZero() {
		t.Fatalf("%v\n%s", err, text)
	}
}
