package profiles

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// MostWeight is the largest weight of an instance: HAProxy takes no more (its configuration manual, "weight").
const MostWeight = 256

// Weight is how much of the load an instance is to get, against the others.
type Weight int

// UnmarshalYAML takes whole numbers only: the decoder alone would cut 2.5 to 2.
func (w *Weight) UnmarshalYAML(node ast.Node) (err error) {
	if *w, err = parseWeight(scalar(node)); err != nil {
		return at(node, err.Error())
	}
	return nil
}

func parseWeight(text string) (Weight, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no weight; use whole numbers from 1 to %d", text, MostWeight)
	}
	return Weight(n), nil
}

// ParseWeights reads "10,10,1": weights to deal to b1, b2, … in turn.
func ParseWeights(text string) (all []Weight, err error) {
	for word := range strings.SplitSeq(text, ",") {
		w, err := parseWeight(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("backends.weights: %w, with commas between them", err)
		}
		all = append(all, w)
	}
	return all, nil
}

// mostConnections is more than any instance of a run has ports for.
const mostConnections = 65535

func (b Backends) checkWeights() error {
	for n, w := range b.Weights {
		if w < 1 || w > MostWeight {
			return wrong(fmt.Sprintf("backends.weights[%d]", n), "%d; use whole numbers from 1 to %d", w, MostWeight)
		}
	}
	return nil
}

// checkElsewhere refuses what cannot be said of instances that the run does not start.
func (b Backends) checkElsewhere() error {
	if b.MaxConnections != 0 {
		return wrong("backends.max_connections", "the balancer at lb.url has its own limits; leave it out, or let the run start the balancer with lb.use")
	}
	if len(b.Weights) > 0 {
		return wrong("backends.weights", "the balancer at lb.url has its own; leave it out, or let the run start the balancer with lb.use")
	}
	return nil
}

// Weight is that of the n-th instance, from 0, at the balancer.
func (b Backends) Weight(n int) int {
	if len(b.Weights) == 0 {
		return 1
	}
	return int(b.Weights[n%len(b.Weights)])
}

// Uneven says whether the weights differ. Equal ones are as good as none.
func (b Backends) Uneven() bool {
	return slices.ContainsFunc(b.Weights, func(w Weight) bool { return w != b.Weights[0] })
}
