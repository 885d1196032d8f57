package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// ChangePoint is where a series of values begins to lie elsewhere.
type ChangePoint struct {
	At     int     // index of the first value behind the change
	Before float64 // mean of the stretch before
	After  float64 // and of the one behind
	P      float64
}

// Of change points: the least length of a stretch, the level, and how often the series is shuffled.
const (
	leastStretch  = 4
	changeLevel   = 0.01
	changeShuffle = 499
)

// ChangePoints finds shifts of the mean by binary segmentation: the place where the cumulative sum of
// deviations is farthest from zero is a change when fewer than 1 % of seeded shuffles reach as far
// (Taylor, Change-Point Analysis, 2000). Each side is then searched again.
func ChangePoints(values []float64) []ChangePoint {
	found := changes(values, 0, rand.New(rand.NewPCG(1, uint64(len(values)))))
	slices.SortFunc(found, func(a, b ChangePoint) int { return a.At - b.At })
	for i := range found { // the stretches between neighbours, not those of the search
		from, to := 0, len(values)
		if i > 0 {
			from = found[i-1].At
		}
		if i+1 < len(found) {
			to = found[i+1].At
		}
		found[i].Before, found[i].After = mean(values[from:found[i].At]), mean(values[found[i].At:to])
	}
	return found
}

func changes(values []float64, offset int, r *rand.Rand) []ChangePoint {
	if len(values) < 2*leastStretch {
		return nil
	}
	at, reach := farthest(values)
	shuffled, beyond := slices.Clone(values), 0
	for range changeShuffle {
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if _, chance := farthest(shuffled); chance >= reach-1e-12*math.Abs(reach) {
			beyond++
		}
	}
	p := float64(1+beyond) / (changeShuffle + 1)
	if p > changeLevel {
		return nil
	}
	found := []ChangePoint{{At: offset + at, P: p}}
	found = append(found, changes(values[:at], offset, r)...)
	return append(found, changes(values[at:], offset+at, r)...)
}

// farthest is the split with the greatest cumulative deviation from the mean, weighed by the lengths of
// both sides so that no end is favoured.
func farthest(values []float64) (at int, reach float64) {
	sum, middle, n := 0.0, mean(values), float64(len(values))
	for i, v := range values[:len(values)-leastStretch] {
		sum += v - middle
		k := float64(i + 1)
		if score := math.Abs(sum) / math.Sqrt(k*(n-k)/n); i+1 >= leastStretch && score > reach {
			at, reach = i+1, score
		}
	}
	return max(at, leastStretch), reach
}

func mean(values []float64) float64 { return Mean(values).Value }
