package profiles

import (
	"slices"
	"testing"
)

func TestWeightsAndLimitsAreHeldToTheirBounds(t *testing.T) {
	for text, want := range map[string]string{
		"backends:\n  weights: [1, 0, 4]":                                   "x.yaml:2:16: backends.weights[1]: 0; use whole numbers from 1 to 256",
		"backends: {weights: [257]}":                                        "x.yaml:1:22: backends.weights[0]: 257; use whole numbers from 1 to 256",
		"backends: {weights: [1, 2.5]}":                                     `x.yaml:1:25: "2.5" is no weight; use whole numbers from 1 to 256`,
		"backends: {max_connections: -1}":                                   "x.yaml:1:29: backends.max_connections: -1; use 1 to 65535, or 0 for no limit",
		"lb: {url: \"http://127.0.0.1:1\"}\nbackends: {max_connections: 3}": "x.yaml:2:29: backends.max_connections: the balancer at lb.url has its own limits; leave it out, or let the run start the balancer with lb.use",
		"backends: {weights: [heavy]}":                                      `x.yaml:1:22: "heavy" is no weight; use whole numbers from 1 to 256`,
		"lb: {url: \"http://127.0.0.1:1\"}\nbackends: {weights: [1, 2]}":    "x.yaml:2:21: backends.weights: the balancer at lb.url has its own; leave it out, or let the run start the balancer with lb.use",
	} {
		if _, err := Decode("x.yaml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestWeightsAreDealtInTurn(t *testing.T) {
	exp, err := Decode("x.yaml", []byte("backends: {count: 5, weights: [1, 4]}"))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []int{1, 4, 1, 4, 1} {
		if got := exp.Backends.Weight(n); got != want {
			t.Errorf("b%d has %d, want %d", n+1, got, want)
		}
	}
	if !exp.Backends.Uneven() || (Backends{Weights: []Weight{3, 3}}).Uneven() || (Backends{}).Weight(3) != 1 {
		t.Error("weights are uneven when they differ, and 1 when none is given")
	}
}

func TestWeightsAreReadFromOneWord(t *testing.T) {
	if got, err := ParseWeights("10, 10,1"); err != nil || !slices.Equal(got, []Weight{10, 10, 1}) {
		t.Errorf("got %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"10,heavy": `backends.weights: "heavy" is no weight; use whole numbers from 1 to 256, with commas between them`,
		"1,2.5":    `backends.weights: "2.5" is no weight; use whole numbers from 1 to 256, with commas between them`,
		"":         `backends.weights: "" is no weight; use whole numbers from 1 to 256, with commas between them`,
	} {
		if _, err := ParseWeights(text); err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}
