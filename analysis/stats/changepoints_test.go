package stats

import (
	"math/rand/v2"
	"testing"
)

func series(r *rand.Rand, shifts ...float64) (values []float64) {
	for _, level := range shifts {
		for range 15 {
			values = append(values, level+r.NormFloat64())
		}
	}
	return values
}

// Shifts of three deviations are found near where they are; a series without one seldom has any.
func TestChangePoints(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alarms, found, near := 0, 0, 0
	for range 50 {
		if len(ChangePoints(series(r, 10, 10, 10))) > 0 {
			alarms++
		}
		list := ChangePoints(series(r, 10, 13, 7))
		if len(list) == 2 {
			found++
		}
		for i, c := range list {
			if at := 15 * (i + 1); len(list) == 2 && c.At >= at-2 && c.At <= at+2 && (c.After > c.Before) == (i == 0) {
				near++
			}
		}
	}
	if alarms > 3 || found < 42 || near < 2*found*9/10 {
		t.Errorf("%d of 50 steady series alarm, %d of 50 show both shifts, %d of %d in their place", alarms, found, near, 2*found)
	}
}

func TestShortAndFlatSeriesHaveNoChange(t *testing.T) {
	for _, values := range [][]float64{nil, {1}, {1, 2, 3, 4, 5, 6, 7}, make([]float64, 50)} {
		if found := ChangePoints(values); len(found) > 0 {
			t.Errorf("%v: %+v", values, found)
		}
	}
}
