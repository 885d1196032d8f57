package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// reportSkew reports how unevenly sessions, requests, requests in flight and CPU lie on the instances.
func reportSkew(s *sheet, in input, t *traffic, j *judge) {
	instances := in.run.Instances
	if len(instances) < 2 {
		return
	}
	keys := j.census.weights.classes()
	cpu := cpuSeconds(in)
	window := seconds(in.run.Measured, max(in.run.End, t.last))
	loads := map[string][]float64{}
	for _, i := range instances {
		loads["sessions"] = append(loads["sessions"], float64(j.census.placed[i.Name]))
		loads["requests"] = append(loads["requests"], float64(t.places[i.Name].served))
		loads["inflight"] = append(loads["inflight"], meanInFlight(in, i.Name))
		loads["cpu"] = append(loads["cpu"], cpu[i.Name]/(max(window, 1e-9)*cmp.Or(i.Cores, 1)))
	}
	reportInstances(s, instances, loads, cpu)
	outages := j.outageNotes()
	weights := reportWeights(s, in.run)
	for _, of := range []string{"sessions", "requests", "inflight", "cpu"} {
		reportSpread(s, of, loads[of], weights, keys, outages)
	}
	if j.run.Mechanism.Key != "address" {
		s.put(results.Metric{Name: "skew.sessions.chi2_p", Unit: "p", Value: stats.ChiSquaredP(loads["sessions"], weights), N: stats.Keys(keys), Warnings: outages})
	}
	reportBand(s, in, loads["requests"], weights, keys)
	reportHeadroom(s, loads["cpu"])
}

// cpuSeconds is each instance's CPU time in the measured window, over all its boots.
func cpuSeconds(in input) map[string]float64 {
	type boot struct {
		process string
		pid     int
	}
	type span struct {
		at          clock.Time
		first, last int64
	}
	spans := map[boot]*span{}
	for _, s := range in.samples {
		if s.Time < in.run.Measured {
			continue
		}
		key := boot{s.Process, s.PID}
		if spans[key] == nil {
			spans[key] = &span{s.Time, int64(s.CPU), int64(s.CPU)}
		}
		spans[key].last = max(spans[key].last, int64(s.CPU))
	}
	total := map[string]float64{}
	for key, s := range spans {
		total[key.process] += float64(s.last-s.first) / 1e9
	}
	return total
}

func meanInFlight(in input, instance string) float64 {
	sum, n := 0.0, 0.0
	for _, s := range in.samples {
		if s.Process == instance && s.Time >= in.run.Measured {
			sum, n = sum+float64(s.InFlight), n+1
		}
	}
	return sum / max(n, 1)
}

func reportInstances(s *sheet, instances []results.Instance, loads map[string][]float64, cpu map[string]float64) {
	total := 0.0
	for _, r := range loads["requests"] {
		total += r
	}
	for i, instance := range instances {
		labels := map[string]string{"instance": instance.Name}
		s.count("instance.sessions", labels, int64(loads["sessions"][i]), "")
		s.count("instance.requests", labels, int64(loads["requests"][i]), "")
		s.put(results.Metric{Name: "instance.cpu_seconds", Labels: labels, Unit: "seconds", Value: cpu[instance.Name], N: 1})
		s.put(results.Metric{Name: "instance.cpu_ratio", Labels: labels, Unit: "ratio", Value: loads["cpu"][i], N: 1})
		s.put(results.Metric{Name: "instance.share", Labels: labels, Unit: "ratio", Value: loads["requests"][i] / max(total, 1), N: int64(total)})
	}
}

// reportWeights gives the shares that the instances are to carry; nil, and nothing, when they are equal.
func reportWeights(s *sheet, run results.Run) stats.Weights {
	weights, sum := run.Weights(), 0.0
	for _, w := range weights {
		sum += w
	}
	for i, w := range weights {
		s.put(results.Metric{Name: "instance.weight_share", Labels: map[string]string{"instance": run.Instances[i].Name}, Unit: "ratio", Value: w / sum, N: 1})
	}
	if weights == nil {
		return nil
	}
	return stats.Relative(weights)
}

// outageNotes warns that an instance that was out could not carry its share.
func (j *judge) outageNotes() (notes []string) {
	for _, o := range j.pool.outages {
		notes = append(notes, fmt.Sprintf("%s was out for a part of the run (%s): the skew includes that", o.instance, o.why))
	}
	for _, i := range j.run.Instances {
		if at, joined := j.pool.joined[i.Name]; joined && at < never {
			notes = append(notes, fmt.Sprintf("%s joined at %.1f s: the skew includes the time before", i.Name, seconds(j.run.Start, at)))
		}
	}
	return notes
}

func reportSpread(s *sheet, of string, loads []float64, weights stats.Weights, keys []stats.Class, notes []string) {
	n, effective := len(loads), stats.Effective(keys)
	if of == "sessions" {
		effective = float64(stats.Keys(keys))
	}
	spread := stats.SpreadOf(loads, weights)
	put := func(name string, value float64, notes ...string) {
		s.put(results.Metric{Name: "skew." + of + "." + name, Unit: "ratio", Better: "lower", Value: value, N: stats.Keys(keys), Warnings: notes})
	}
	put("max_over_mean", spread.MaxOverMean, notes...)
	put("cv", spread.CV)
	put("unavoidable_cv", stats.UnavoidableCV(n, effective))
	put("excess_cv", stats.ExcessCV(spread.CV, n, effective))
	put("jain", spread.Jain)
	put("gini", spread.Gini)
}

// reportBand holds max/mean of requests against random assignments of the same keys.
func reportBand(s *sheet, in input, loads []float64, weights stats.Weights, keys []stats.Class) {
	outcomes := stats.Reassign(keys, len(loads), weights, in.run.Seed)
	if len(outcomes) == 0 {
		return
	}
	lo, hi := outcomes[len(outcomes)*25/1000], outcomes[len(outcomes)*975/1000]
	median := outcomes[len(outcomes)/2]
	s.put(results.Metric{Name: "skew.requests.random_max_over_mean", Unit: "ratio", Value: median, Lo: &lo, Hi: &hi, N: int64(len(outcomes))})
	s.put(results.Metric{Name: "skew.requests.permutation_p", Unit: "p", N: int64(len(outcomes)),
		Value: stats.PermutationP(outcomes, stats.SpreadOf(loads, weights).MaxOverMean)})
}

func reportHeadroom(s *sheet, busy []float64) {
	hottest, mean := slices.Max(busy), 0.0
	for _, b := range busy {
		mean += b / float64(len(busy))
	}
	if mean <= 0 {
		return
	}
	put := func(name, better string, value float64) {
		s.put(results.Metric{Name: "skew.cpu." + name, Unit: "ratio", Better: better, Value: value, N: int64(len(busy))})
	}
	put("hottest", "lower", hottest)
	put("mean", "", mean)
	put("headroom", "higher", 1/hottest-1)
	put("headroom_by_average", "", 1/mean-1)
}
