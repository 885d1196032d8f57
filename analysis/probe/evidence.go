package probe

import (
	"maps"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/stickybench/stickybench/results"
)

// seen is what a probe saw, arranged for the questions that are asked.
type seen struct {
	results.Probe
	homes     map[int]string // where each client's first follow-up went: the first request may carry nothing to route on
	instances []string
	chance    float64 // that two requests meet by accident
}

// mostly is the share of trials that counts as always: an instance may restart meanwhile.
const mostly = 0.9

// unlikely is the probability below which something is no accident.
const unlikely = 0.001

func arrange(p results.Probe) *seen {
	s := &seen{Probe: p, homes: map[int]string{}}
	counts := map[string]int{}
	total := 0
	for _, shot := range p.Shots {
		if shot.Instance != "" {
			counts[shot.Instance]++
			total++
		}
		if s.settles(shot) {
			s.homes[shot.Client] = shot.Instance
		}
	}
	s.instances = slices.Sorted(maps.Keys(counts))
	for _, n := range counts {
		share := float64(n) / float64(total)
		s.chance += share * share
	}
	return s
}

// settles says whether the shot is the one that tells its client's home.
func (s *seen) settles(shot results.Shot) bool {
	return shot.Test == results.TestFollow && shot.Instance != "" && s.homes[shot.Client] == ""
}

// of gives the shots of a test; label "" is any.
func (s *seen) of(test, label string) (shots []results.Shot) {
	for _, shot := range s.Shots {
		if shot.Test == test && (label == "" || shot.Label == label) {
			shots = append(shots, shot)
		}
	}
	return shots
}

// home counts how many of the shots came to their client's home.
func (s *seen) home(test, label string) results.ProbeEvidence {
	e := results.ProbeEvidence{What: describe(test, label)}
	told := map[int]bool{}
	for _, shot := range s.of(test, label) {
		if test == results.TestFollow && shot.Instance != "" && !told[shot.Client] {
			told[shot.Client] = true // this is the shot that told the home
			continue
		}
		if home, known := s.homes[shot.Client]; known && shot.Instance != "" {
			e.Trials++
			if shot.Instance == home {
				e.Home++
			}
		}
	}
	return e
}

// decides says whether what was sent is enough to come home: nearly always, and more often than requests meet by
// accident, which they often do when one instance gets most of them.
func (s *seen) decides(e results.ProbeEvidence) bool {
	accident := distuv.Binomial{N: float64(e.Trials), P: s.chance}
	return nearly(e) && accident.Survival(float64(e.Home-1)) < unlikely
}

func nearly(e results.ProbeEvidence) bool {
	return e.Trials > 0 && float64(e.Home) >= mostly*float64(e.Trials)
}

func describe(test, label string) string {
	switch test {
	case results.TestFirst:
		return "nothing yet"
	case results.TestFollow:
		return "cookies and address kept"
	case results.TestKept:
		return "cookies and address kept, one connection"
	case results.TestCookies:
		return "all cookies, other addresses"
	case results.TestBare:
		return "the address, no cookies"
	case results.TestOnly:
		return "cookie " + label + " alone, other addresses"
	case results.TestSocket:
		return "cookies and address kept, as a WebSocket"
	case results.TestStream:
		return "cookies and address kept, as streams of HTTP/2"
	case results.TestIdle:
		return "cookies and address kept, after the pause"
	}
	return "all cookies but " + label + ", other addresses"
}

// grouped collects the instances that each group of a test saw.
func (s *seen) grouped(test, label string) map[string][]string {
	groups := map[string][]string{}
	for _, shot := range s.of(test, label) {
		if shot.Instance != "" {
			groups[shot.Group] = append(groups[shot.Group], shot.Instance)
		}
	}
	return groups
}

// whole counts the groups that saw one instance only, and the instances that these saw.
func whole(groups map[string][]string) (together, instances int) {
	first := map[string]bool{}
	for _, names := range groups {
		slices.Sort(names)
		if len(slices.Compact(names)) == 1 {
			together++
			first[names[0]] = true
		}
	}
	return together, len(first)
}

// constant says whether the groups nearly always kept to one instance each, and not all to the same.
// A few may go astray: some hashes give way to load.
func (s *seen) constant(test, label string) bool {
	most, all := 0, 0
	favourites := map[string]bool{}
	groups := s.grouped(test, label)
	for _, names := range groups {
		name, n := favourite(names)
		favourites[name] = true
		most, all = most+n, all+len(names)
	}
	return len(groups) > 1 && float64(most) >= mostly*float64(all) && len(favourites) > 1
}

// favourite is the most frequent name and how often it is there.
func favourite(names []string) (best string, most int) {
	counts := map[string]int{}
	for _, name := range names {
		if counts[name]++; counts[name] > most {
			best, most = name, counts[name]
		}
	}
	return best, most
}
