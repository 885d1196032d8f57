package lb

import (
	"math/rand/v2"
	"sync"
)

// choice picks an instance for a session that has none. Draining ones are not offered.
type choice struct {
	mu   sync.Mutex
	how  string
	rand *rand.Rand
	next int
}

func newChoice(o Options) *choice {
	how := o.Choice
	if o.Mechanism == "round-robin" {
		how = o.Mechanism
	}
	return &choice{how: how, rand: rand.New(rand.NewPCG(o.Seed, 0x6c62+uint64(o.Replica)))}
}

// among is nil when offered is empty.
func (c *choice) among(offered []*member) *member {
	if len(offered) == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.how {
	case "round-robin":
		c.next++
		return offered[(c.next-1)%len(offered)]
	case "least":
		return least(offered, c.rand.IntN(len(offered)))
	}
	return offered[c.rand.IntN(len(offered))]
}

// least starts at a random place, so that ties do not all fall to the first.
func least(offered []*member, start int) *member {
	best := offered[start]
	for i := range offered {
		if m := offered[(start+i)%len(offered)]; m.inFlight.Load() < best.inFlight.Load() {
			best = m
		}
	}
	return best
}
