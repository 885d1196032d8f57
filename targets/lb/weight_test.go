package lb

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// weighing are three members of weights 1, 2 and 5.
func weighing() []Instance {
	all := members(3)
	all[0].Weight, all[1].Weight, all[2].Weight = 1, 2, 5
	return all
}

func shares(t *testing.T, name string, draws int, tolerance float64, pick func(n int) int) {
	t.Helper()
	counts := make([]float64, 3)
	for n := range draws {
		counts[pick(n)]++
	}
	for i, in := range weighing() {
		if got, want := counts[i]/float64(draws), float64(in.weight())/8; math.Abs(got-want) > tolerance {
			t.Errorf("%s: b%d got %.4f, want %.4f", name, i+1, got, want)
		}
	}
}

func TestKeysLieByWeight(t *testing.T) {
	for name, c := range map[string]struct {
		build     func([]Instance) placement
		tolerance float64
	}{"modulo": {modulo, 0.01}, "rendezvous": {rendezvous, 0.01}, "ring": {consistent(160), 0.05}} {
		place := c.build(weighing())
		shares(t, name, 40_000, c.tolerance, func(n int) int { return place(mix(uint64(n)), anyone) })
	}
}

func TestNewSessionsAreChosenByWeight(t *testing.T) {
	for how, tolerance := range map[string]float64{"random": 0.02, "round-robin": 0, "least": 0.02} {
		c, p := newChoice(Options{Choice: how, Seed: 1}), newPool(nil, weighing(), nil, 0, overTCP)
		shares(t, how, 8000, tolerance, func(int) int {
			m := c.among(p.members)
			return int(m.Name[1] - '1')
		})
	}
}

// Of requests in flight each weight gets its share: least looks at both.
func TestLeastCountsForTheWeight(t *testing.T) {
	c, p := newChoice(Options{Choice: "least", Seed: 1}), newPool(nil, weighing(), nil, 0, overTCP)
	for range 800 {
		c.among(p.members).inFlight.Add(1)
	}
	for _, m := range p.members {
		if got, want := m.inFlight.Load(), int64(100*m.weight()); got < want-1 || got > want+1 {
			t.Errorf("%s has %d in flight, want %d", m.Name, got, want)
		}
	}
}

// A change of one weight moves keys to or from that instance alone.
func TestAHeavierInstanceOnlyAttracts(t *testing.T) {
	for name, build := range map[string]func([]Instance) placement{"rendezvous": rendezvous, "ring": consistent(40)} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			pool, key := weighing(), rapid.Uint64().Draw(t, "key")
			before := build(pool)(key, anyone)
			pool[1].Weight += rapid.IntRange(1, 20).Draw(t, "more")
			if after := build(pool)(key, anyone); after != before && after != 1 {
				t.Fatalf("key %d moved from %d to %d when 1 became heavier", key, before, after)
			}
		}))
	}
}

// Equal weights are none: with them keys lie where they lay without.
func TestEqualWeightsMoveNoKey(t *testing.T) {
	heavy := members(5)
	for i := range heavy {
		heavy[i].Weight = 3
	}
	place, plain := rendezvous(heavy), rendezvous(members(5))
	for key := range uint64(10_000) {
		if place(mix(key), anyone) != plain(mix(key), anyone) {
			t.Fatalf("key %d moved", key)
		}
	}
}
