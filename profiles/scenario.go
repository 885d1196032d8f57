package profiles

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/stickybench/stickybench/internal/spelling"
)

//go:embed scenarios/*.yaml
var scenarioFiles embed.FS

// Scenario is a ready experiment about one thing that goes wrong in the field, with what a mechanism of
// each family is expected to do. Its file is a header, a line of three dashes, and an experiment.
type Scenario struct {
	Name       string              `yaml:"-"`
	About      string              `yaml:"about"`
	Source     string              `yaml:"source"` // reports of it
	Expect     map[string][]string `yaml:"expect"` // gates by "any", FAMILY, or FAMILY/KEY of the mechanism; with a trait behind it for those that have it
	Experiment *Experiment         `yaml:"-"`
}

// longestShortForm is how long a scenario may take as it is delivered.
const longestShortForm = 15 * time.Second

// ScenarioNames lists the built-in scenarios.
func ScenarioNames() (names []string) {
	entries, _ := scenarioFiles.ReadDir("scenarios") // embedded
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// ScenarioText is the file of a built-in scenario.
func ScenarioText(name string) ([]byte, error) {
	text, err := scenarioFiles.ReadFile(path.Join("scenarios", name+".yaml"))
	if err != nil {
		return nil, unknownScenario(name)
	}
	return text, nil
}

// LookupScenario finds a built-in scenario.
func LookupScenario(name string) (Scenario, error) {
	text, err := ScenarioText(name)
	if err != nil {
		return Scenario{}, err
	}
	return DecodeScenario(name+".yaml", text)
}

// unknownScenario suggests the nearest name.
func unknownScenario(name string) error {
	if nearest := spelling.Nearest(name, ScenarioNames()); nearest != "" {
		return fmt.Errorf("scenario %q is unknown; did you mean %s?", name, nearest)
	}
	return fmt.Errorf("scenario %q is unknown; see `stickybench scenarios list`", name)
}

// DecodeScenario reads a scenario's file.
func DecodeScenario(name string, text []byte) (Scenario, error) {
	s := Scenario{Name: strings.TrimSuffix(name, ".yaml")}
	header, experiment, ok := strings.Cut(string(text), "\n---\n")
	if !ok {
		return s, fmt.Errorf("%s:1:1: no experiment; write a header, a line of three dashes, and an experiment", name)
	}
	if err := yaml.UnmarshalWithOptions([]byte(header), &s, yaml.Strict()); err != nil {
		return s, positioned(name, err)
	}
	// The header becomes empty lines, so that errors name the line of the file.
	blank := strings.Repeat("\n", strings.Count(header, "\n")+2)
	var err error
	if s.Experiment, err = Decode(name, []byte(blank+experiment)); err != nil {
		return s, err
	}
	return s, s.validate()
}

func (s Scenario) validate() error {
	switch {
	case s.About == "" || s.Source == "":
		return fmt.Errorf("%s.yaml:1:1: about and source say what the scenario is and who reported it; give both", s.Name)
	case time.Duration(s.Experiment.Duration) > longestShortForm:
		return fmt.Errorf("%s.yaml:1:1: duration %v is above %v; `scenarios run --stretch` lengthens it", s.Name, time.Duration(s.Experiment.Duration), longestShortForm)
	case len(s.Expect) == 0:
		return fmt.Errorf("%s.yaml:1:1: expect says what a mechanism of each family must do; give at least one", s.Name)
	}
	for _, class := range slices.Sorted(maps.Keys(s.Expect)) {
		family, _, _ := strings.Cut(class, "/")
		if !slices.Contains([]string{"any", "stay", "home", "flap", "stuck"}, family) {
			return fmt.Errorf("%s.yaml:1:1: expect.%s: use any, stay, home, flap or stuck, or one of them with the key, such as home/address, and with a trait: /ttl, /marker, /agree, /synchronise or /disagree", s.Name, class)
		}
	}
	return nil
}

// Expected are the gates for a mechanism of that family and key, and those that hold only with one of its
// traits: "ttl" of a marker that ends, "marker" of a cookie that the balancer makes itself, or what its replicas do, "agree", "synchronise" or "disagree".
func (s Scenario) Expected(family, key string, traits ...string) (gates []string) {
	for _, class := range []string{"any", family, "any/" + key, family + "/" + key} {
		gates = append(gates, s.Expect[class]...)
		for _, trait := range traits {
			gates = append(gates, s.Expect[class+"/"+trait]...)
		}
	}
	return gates
}

// Stretched is the experiment made factor times as long, faults and warm-up included. The behaviour of
// the users stays as it is.
func (s Scenario) Stretched(factor float64) *Experiment {
	e := *s.Experiment
	longer := func(d Duration) Duration { return Duration(float64(d) * factor) }
	e.Duration, e.Warmup = longer(e.Duration), longer(e.Warmup)
	e.Faults = slices.Clone(e.Faults)
	for i := range e.Faults {
		f := &e.Faults[i]
		f.At, f.For, f.Every = longer(f.At), longer(f.For), longer(f.Every)
	}
	return &e
}
