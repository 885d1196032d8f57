package stats

import (
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Class is N affinity keys of equal weight. Sessions come in few classes, however many they are.
type Class struct {
	Weight float64
	N      int64
}

// Keys is how many keys the classes hold.
func Keys(classes []Class) (n int64) {
	for _, c := range classes {
		n += c.N
	}
	return n
}

// Effective is N_eff = (ΣX)²/ΣX² of the keys' weights.
func Effective(classes []Class) float64 {
	sum, squares := 0.0, 0.0
	for _, c := range classes {
		sum += float64(c.N) * c.Weight
		squares += float64(c.N) * c.Weight * c.Weight
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / squares
}

const (
	work   = 20_000_000 // single draws that one Reassign may cost, about a tenth of a second
	singly = 100        // keys per instance up to which each is drawn: a binomial costs as much
)

// Reassign gives max/mean under up to 10,000 random assignments of the keys to n instances by weight, sorted.
// The seed makes it reproducible.
func Reassign(classes []Class, n int, weights Weights, seed uint64) []float64 {
	if len(classes) == 0 || n < 1 {
		return nil
	}
	cost := int64(0)
	for _, c := range classes {
		cost += min(c.N, int64(n)*singly)
	}
	rounds := min(10_000, max(200, work/max(1, cost)))
	outcomes, loads, draw, wheel := make([]float64, rounds), make([]float64, n), splitmix(seed), newWheel(n, weights)
	for i := range outcomes {
		clear(loads)
		for _, c := range classes {
			c.scatter(loads, wheel, &draw)
		}
		outcomes[i] = wheel.maxOverMean(loads)
	}
	slices.Sort(outcomes)
	return outcomes
}

// scatter gives each key of the class to an instance: one by one, or for many as how many each instance
// gets, which is binomial given what those before it got.
func (c Class) scatter(loads []float64, w wheel, draw *splitmix) {
	n := len(loads)
	if c.N <= int64(n)*singly {
		for range c.N {
			loads[w.at(draw.Uint64()>>32)] += c.Weight
		}
		return
	}
	left, before := float64(c.N), 0.0
	for i := range loads[:n-1] {
		p := min(1, w.weights.of(i)/(float64(n)-before))
		got := distuv.Binomial{N: left, P: p, Src: draw}.Rand()
		loads[i] += got * c.Weight
		left, before = left-got, w.ends[i]
	}
	loads[n-1] += left * c.Weight
}

// wheel is as long as there are instances, and each has as much of it as its weight is.
type wheel struct {
	weights Weights
	ends    []float64 // where each one's part ends
}

func newWheel(n int, weights Weights) wheel {
	w := wheel{weights, make([]float64, n)}
	end := 0.0
	for i := range w.ends {
		end += weights.of(i)
		w.ends[i] = end
	}
	w.ends[n-1] = float64(n) // whatever was rounded
	return w
}

// at is the instance at x of 2^32. It looks first where that is with equal weights: this is the inner loop.
func (w wheel) at(x uint64) int {
	n := uint64(len(w.ends))
	i, place := int(x*n>>32), float64(x*n)/(1<<32)
	for place >= w.ends[i] {
		i++
	}
	for i > 0 && place < w.ends[i-1] {
		i--
	}
	return i
}

func (w wheel) maxOverMean(loads []float64) float64 {
	highest, sum := 0.0, 0.0
	for i, l := range loads {
		highest, sum = max(highest, l/w.weights.of(i)), sum+l
	}
	return highest / (sum / float64(len(loads)))
}

// splitmix is the generator of Steele, Lea and Flood (OOPSLA 2014).
type splitmix uint64

func (s *splitmix) Uint64() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// PermutationP is p = (1+#{T* ≥ T})/(B+1) for sorted outcomes.
func PermutationP(outcomes []float64, observed float64) float64 {
	below, _ := slices.BinarySearch(outcomes, observed-1e-9)
	return float64(1+len(outcomes)-below) / float64(len(outcomes)+1)
}
