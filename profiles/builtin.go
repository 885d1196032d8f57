package profiles

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed builtin/profiles.yaml
var profilesYAML []byte

//go:embed builtin/mixes.yaml
var mixesYAML []byte

//go:embed builtin/template.yaml
var templateYAML []byte

// Template is a commented experiment file; it decodes to the built-in experiment.
func Template() []byte { return bytes.Clone(templateYAML) }

// builtinProfiles decodes the embedded file; a test holds it to be valid.
func builtinProfiles() (list []Profile, err error) {
	err = yaml.UnmarshalWithOptions(profilesYAML, &list, yaml.Strict())
	return list, err
}

func builtinMixes() (mixes map[string]map[string]float64, err error) {
	err = yaml.UnmarshalWithOptions(mixesYAML, &mixes, yaml.Strict())
	return mixes, err
}

// ProfileNames lists the built-in profiles.
func ProfileNames() (names []string) {
	list, _ := builtinProfiles()
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

// LookupProfile finds a built-in profile.
func LookupProfile(name string) (Profile, error) {
	list, err := builtinProfiles()
	for _, p := range list {
		if p.Name == name {
			return p, nil
		}
	}
	if err != nil {
		return Profile{}, err
	}
	return Profile{}, fmt.Errorf("profile %q is unknown; use one of %s", name, strings.Join(ProfileNames(), ", "))
}

// MixNames lists the built-in mixes.
func MixNames() []string {
	mixes, _ := builtinMixes()
	return slices.Sorted(maps.Keys(mixes))
}

// LookupMix finds a built-in mix; its shares sum to 1.
func LookupMix(name string) (Mix, error) {
	mixes, err := builtinMixes()
	if err != nil {
		return Mix{}, err
	}
	shares, ok := mixes[name]
	if !ok {
		return Mix{}, fmt.Errorf("mix %q is unknown; use one of %s, or describe one under mix.profiles", name, strings.Join(MixNames(), ", "))
	}
	mix := Mix{Name: name}
	for _, profile := range ProfileNames() {
		if share := shares[profile]; share > 0 {
			p, err := LookupProfile(profile)
			if err != nil {
				return Mix{}, err
			}
			mix.Profiles = append(mix.Profiles, Weighted{Share: share, Profile: p})
		}
	}
	mix.normalise()
	return mix, nil
}

// normalise makes the shares sum to 1; shares that sum to 0 are left for Validate to refuse.
func (m *Mix) normalise() {
	sum := 0.0
	for _, w := range m.Profiles {
		sum += w.Share
	}
	if !(sum > 0) || math.IsInf(sum, 1) || math.Abs(sum-1) < 1e-9 { // dividing again would move the last digit
		return
	}
	for i := range m.Profiles {
		m.Profiles[i].Share /= sum
	}
}

// Default is the built-in experiment: one of four instances dies and comes back.
func Default() *Experiment {
	mix, _ := LookupMix("default") // embedded; a test holds it to be valid
	second := Duration(time.Second)
	return &Experiment{
		Name: "default", Seed: 1, Duration: 25 * second, Warmup: 3 * second, Speedup: 20,
		Balancer: Balancer{Use: "builtin:cookie", Replicas: 1, TTL: 1800 * second, Choice: "random",
			Health: Health{Interval: 4 * second, Timeout: 10 * second, Rise: 2, Fall: 2}},
		Backends: Backends{Count: 4, Handler: Distribution{kind: "lognormal", args: []float64{0.002, 0.5}, high: 0.1},
			CPU: Constant(0.0001), Drain: 60 * second},
		Store:  Store{Use: "memory"},
		Load:   Load{Rate: 30, Timeout: 5 * second, Linger: 5 * second, TLS: TLS{Resumption: true}},
		Mix:    mix,
		Faults: []Fault{{At: 14 * second, Kill: "b2"}, {At: 18 * second, Start: "b2"}},
	}
}
