package profiles

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

func TestBuiltinsAreValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, name := range MixNames() {
		exp := Default()
		var err error
		if exp.Mix, err = LookupMix(name); err != nil {
			t.Fatal(err)
		}
		if err := exp.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	want := Default()
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode("default.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s\n%s", diff, text)
	}
}

func TestTemplateIsTheBuiltinExperiment(t *testing.T) {
	got, err := Decode("default.yaml", Template())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsPointAtTheKey(t *testing.T) {
	for text, want := range map[string]string{
		"seed: 7\nduratoin: 10s\n":           "e.yaml:2:1: unknown key \"duratoin\"; did you mean duration?",
		"load: {rate: -3}\n":                 "e.yaml:1:14: load.rate: -3 is negative",
		"duration: soon\n":                   `e.yaml:1:11: "soon" is no duration`,
		"mix: nobody\n":                      `e.yaml:1:6: mix "nobody" is unknown`,
		"backends: {handler: normal(1)}\n":   `unknown kind "normal"`,
		"faults:\n  - {at: 1s, kill: b9}\n":  `no instance "b9"`,
		"faults:\n  - {at: 99s, kill: b1}\n": "e.yaml:2:10: faults[0].at: ",
		"mix:\n  name: x\n  profiles: []\n":  "shares sum to 0",
		"seed: [":                            "e.yaml:1:",
		"load: {arivals: poisson}\n":         `did you mean load.arrivals?`,
		"load: {rate: .inf}\n":               "e.yaml:1:14: load.rate: +Inf is no rate",
		"load: {rate: .nan}\n":               "load.rate: NaN is no rate",
		"speedup: .inf\n":                    "e.yaml:1:10: speedup: ",
		"backends: {drain: -5s}\n":           "e.yaml:1:19: backends.drain: -5s is negative",
		"load: {timeout: 0}\n":               "e.yaml:1:17: load.timeout: ",
		"mix: {name: x, profiles: [{share: 1, profile: nobody}]}\n":                       `e.yaml:1:47: profile "nobody" is unknown`,
		"mix: {name: x, profiles: [{share: -1, profile: casual}]}\n":                      "e.yaml:1:35: mix.profiles[0].share: -1",
		"mix: {name: x, profiles: [{share: 1, profile: {name: a, requests: 3, jar: x}}]}": `mix.profiles[0].profile.jar: "x" is unknown`,
		"store: {use: floppy}\n":                        "e.yaml:1:14: store.use: ",
		"load: {protocol: spdy}\n":                      `e.yaml:1:18: load.protocol: "spdy" is unknown; use one of h1, h2, h3, websocket, sse`,
		"load: {protocol: h3}\n":                        "e.yaml:1:18: load.protocol: h3 needs an https:// lb.url",
		"lb: {url: 'http://h'}\nload: {protocol: h3}\n": "e.yaml:2:18: load.protocol: h3 needs an https:// lb.url",
		"load: {tls: {insecure: true}}\n":               "e.yaml:1:13: load.tls: ca, insecure and server_name need an https:// lb.url",
		"lb: {url: 'ftp://h'}\n":                        `e.yaml:1:11: lb.url: "ftp://h" cannot be driven; use an http:// or https:// URL`,
	} {
		_, err := Decode("e.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestDistributionsHaveTheirMeans(t *testing.T) {
	for _, text := range []string{"5ms", "uniform(1s, 3s)", "exponential(7s)", "lognormal(15s, 0.5)",
		"inverse-gaussian(4, 3)", "pareto(1, 4)", "empirical(1, 2, 9)", "two-point(5ms, 0.02)"} {
		d, err := ParseDistribution(text)
		if err != nil {
			t.Fatal(err)
		}
		sum, r := 0.0, NewRand(1)
		const n = 400_000
		for range n {
			sum += d.Draw(r)
		}
		if math.Abs(sum/n/d.Mean()-1) > 0.02 {
			t.Errorf("%s: mean %v, want %v", text, sum/n, d.Mean())
		}
	}
}

func TestDistributionTextRoundTrip(t *testing.T) {
	for _, text := range []string{"0", "lognormal(15s,1.2)[0,600s]", "pareto(1, 1.5)"} {
		d, _ := ParseDistribution(text)
		again, err := ParseDistribution(d.String())
		if err != nil || !d.Equal(again) {
			t.Errorf("%s became %s: %v", text, d, err)
		}
	}
	for _, text := range []string{"", "five", "uniform(3, 1)", "uniform(1)", "lognormal(-1, 1)", "two-point(1, 2)", "1[3,2]", "pareto(0,1)"} {
		if d, err := ParseDistribution(text); err == nil {
			t.Errorf("%q was read as %s", text, d)
		}
	}
}

func play(p *Plan, user, session uint32) (steps []Step) {
	player := p.Player(user, session)
	for s, ok := p.Next(&player); ok; s, ok = p.Next(&player) {
		steps = append(steps, s)
	}
	return steps
}

func TestBehaviourIsPure(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		exp := Default()
		exp.Seed = rapid.Uint64().Draw(r, "seed")
		user := rapid.Uint32().Draw(r, "user")
		a, b := NewPlan(exp), NewPlan(exp)
		play(b, user+1, 0) // other users do not matter
		if diff := cmp.Diff(play(a, user, 0), play(b, user, 0)); diff != "" {
			r.Fatal(diff)
		}
		if a.Address(user, 1) != b.Address(user, 1) || a.Address(user, 0) == a.Address(user, 1) {
			r.Fatal("addresses")
		}
	})
}

func TestNextDoesNotAllocate(t *testing.T) {
	plan := NewPlan(Default())
	player := plan.Player(1, 0)
	if n := testing.AllocsPerRun(1000, func() {
		if _, ok := plan.Next(&player); !ok {
			player = plan.Player(2, 0)
		}
	}); n != 0 {
		t.Fatalf("%v allocations a step", n)
	}
}

func arrivals(exp *Experiment) (list []time.Duration) {
	a := NewPlan(exp).Arrivals()
	for at, ok := a.Next(); ok; at, ok = a.Next() {
		list = append(list, at)
	}
	return list
}

func TestStagesKeepTheirRates(t *testing.T) {
	exp := Default()
	exp.Duration = Duration(300 * time.Second)
	exp.Load = Load{Stages: []Stage{{For: Duration(100 * time.Second), Rate: 100}, {For: Duration(100 * time.Second), Rate: 300, Ramp: true}, {For: Duration(100 * time.Second), Rate: 50}}}
	for kind, tolerance := range map[string]float64{"constant": 2, "poisson": 600} {
		exp.Load.Arrivals = kind
		counts := [3]float64{}
		for _, at := range arrivals(exp) {
			counts[int(at/(100*time.Second))]++
		}
		for i, want := range [3]float64{10_000, 20_000, 5_000} {
			if math.Abs(counts[i]-want) > tolerance {
				t.Errorf("%s stage %d: %v arrivals, want %v", kind, i, counts[i], want)
			}
		}
	}
}

func TestAddressesSpreadOverNetworks(t *testing.T) {
	plan := NewPlan(Default())
	networks := map[[3]byte]int{}
	for user := range uint32(2000) {
		a := plan.Source(plan.Address(user, 0)).As4()
		networks[[3]byte(a[:3])]++
	}
	if len(networks) < 1500 {
		t.Fatalf("2000 users share %d /24 networks", len(networks))
	}
}

func TestExamplesFollowTheSchema(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("experiment.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("experiment.json")
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob("../examples/*.yaml")
	if len(paths) == 0 {
		t.Fatal("no examples")
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(path, data); err != nil {
			t.Error(err)
		}
		asJSON, err := yaml.YAMLToJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	text, _ := Default().Encode()
	f.Add(text)
	f.Add([]byte("mix: {name: x, profiles: [{share: 1, profile: {name: y, requests: 3}}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		exp, err := Decode("fuzz.yaml", text)
		if (err == nil) == (exp == nil) {
			t.Fatalf("%v and %v", exp, err)
		}
	})
}

// What a file does not say stays as it is built in, also inside a mapping.
func TestTLSKeepsWhatIsNotSaid(t *testing.T) {
	e, err := Decode("e.yaml", []byte("lb: {url: 'https://h'}\nload: {tls: {insecure: true}}\n"))
	if err != nil || !e.Load.TLS.Resumption || !e.Load.TLS.Insecure {
		t.Errorf("%+v, %v", e, err)
	}
	e, err = Decode("e.yaml", []byte("lb: {url: 'https://h'}\nload: {tls: {resumption: false}}\n"))
	if err != nil || e.Load.TLS.Resumption {
		t.Errorf("%+v, %v", e, err)
	}
}
