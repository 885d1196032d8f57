package analysis

import (
	"math/rand/v2"
	"slices"

	"github.com/stickybench/stickybench/analysis/stats"
)

// What the trials "few" play: a tenth of the sessions makes a hundred requests, the others two, and each
// session falls on one of ten instances at random.
const (
	fewInstances = 10
	heavyShare   = 0.1
	heavySize    = 100.0
	lightSize    = 2.0
)

// fewBand is where 95 % of the means of that many runs of the trial lie, by seeded simulation.
func fewBand(sessionsPerInstance int) func(blocks int) [2]float64 {
	return func(blocks int) [2]float64 {
		const runs, means = 2000, 10_000
		r := rand.New(rand.NewPCG(uint64(sessionsPerInstance), uint64(blocks)))
		single := make([]float64, runs)
		for i := range single {
			single[i] = fewRun(r, sessionsPerInstance*fewInstances)
		}
		all := make([]float64, means)
		for i := range all {
			for range blocks {
				all[i] += single[r.IntN(runs)] / float64(blocks)
			}
		}
		slices.Sort(all)
		return [2]float64{all[means/40], all[means-means/40]}
	}
}

// fewRun is max/mean of one run.
func fewRun(r *rand.Rand, sessions int) float64 {
	loads := make([]float64, fewInstances)
	for range sessions {
		size := lightSize
		if r.Float64() < heavyShare {
			size = heavySize
		}
		loads[r.IntN(fewInstances)] += size
	}
	return stats.SpreadOf(loads, nil).MaxOverMean
}

// always is the band of a single draw that does not depend on the number of blocks.
func always(lo, hi float64) func(int) [2]float64 {
	return func(int) [2]float64 { return [2]float64{lo, hi} }
}
