package profiles

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"
)

// Distance is the network round trip to a store, injected into every operation: a distribution of
// times or a preset, and now and then a spike. The zero Distance adds nothing.
type Distance struct{ text string }

// distances are the presets: lognormal round trips between virtual machines of one availability zone
// and of two zones of one region, as the large clouds publish and tenants measure them (docs/compare.md).
const distances = "same-zone-fast, same-zone, same-zone-slow, cross-zone-fast, cross-zone or cross-zone-slow"

func presetTrip(name string) (text string, ok bool) {
	switch name {
	case "same-zone-fast":
		return "lognormal(100us, 0.35)", true
	case "same-zone":
		return "lognormal(250us, 0.35)", true
	case "same-zone-slow":
		return "lognormal(500us, 0.35)", true
	case "cross-zone-fast":
		return "lognormal(800us, 0.25)", true
	case "cross-zone":
		return "lognormal(1300us, 0.25)", true
	case "cross-zone-slow":
		return "lognormal(2200us, 0.25)", true
	}
	return "", false
}

const (
	spikes     = "+spikes" // ends a distance that has them
	spikeShare = 0.001
	spikeLeast = 0.005 // seconds
	spikeMost  = 0.015
)

// ParseDistance reads a preset or a distribution, either with "+spikes" after it: one trip in a
// thousand then takes 5 to 15 ms longer.
func ParseDistance(text string) (Distance, error) {
	d := Distance{strings.TrimSpace(text)}
	if _, ok := presetTrip(d.base()); ok {
		return d, nil
	}
	if _, err := ParseDistribution(d.base()); err != nil {
		return Distance{}, fmt.Errorf("%q is no distance: use %s, or a time such as 0.3ms or lognormal(0.3ms, 0.2); %s may follow", text, distances, spikes)
	}
	return d, nil
}

func (d Distance) base() string { return strings.TrimSpace(strings.TrimSuffix(d.text, spikes)) }

// String is what ParseDistance reads; "" for none.
func (d Distance) String() string { return d.text }

// IsZero says whether it adds nothing; YAML leaves it out then.
func (d Distance) IsZero() bool { return d == Distance{} }

// Equal says whether both are written alike.
func (d Distance) Equal(o Distance) bool { return d == o }

// Trips draws round trips with r, which it then owns. Not safe for concurrent use.
func (d Distance) Trips(r *Rand) func() time.Duration {
	if d.IsZero() {
		return func() time.Duration { return 0 }
	}
	text, ok := presetTrip(d.base())
	if !ok {
		text = d.base()
	}
	trip, _ := ParseDistribution(text) // ParseDistance has read it
	spiky := strings.HasSuffix(d.text, spikes)
	return func() time.Duration {
		seconds := trip.Draw(r)
		if spiky && r.Float() < spikeShare {
			seconds += spikeLeast + (spikeMost-spikeLeast)*r.Float()
		}
		return time.Duration(seconds * float64(time.Second))
	}
}

// UnmarshalYAML reads the text form.
func (d *Distance) UnmarshalYAML(node ast.Node) error {
	parsed, err := ParseDistance(scalar(node))
	if err != nil {
		return at(node, err.Error())
	}
	*d = parsed
	return nil
}

// MarshalYAML writes the text form.
func (d Distance) MarshalYAML() (any, error) { return d.text, nil }

// MarshalText writes the text form, for JSON.
func (d Distance) MarshalText() ([]byte, error) { return []byte(d.text), nil }

// UnmarshalText reads it back.
func (d *Distance) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = Distance{}
		return nil
	}
	*d, err = ParseDistance(string(text))
	return err
}

// JSONSchema describes the text form.
func (Distance) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: distances + ", or a distribution of times; " + spikes + " may follow"}
}
