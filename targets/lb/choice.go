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
	total := 0
	for _, m := range offered {
		total += m.weight()
	}
	switch c.how {
	case "round-robin":
		c.next++
		return offered[ticket(offered, (c.next-1)%total)]
	case "least":
		return least(offered, ticket(offered, c.rand.IntN(total)))
	}
	return offered[ticket(offered, c.rand.IntN(total))]
}

// ticket is the index of the member that holds the n-th of all tickets: each has as many as it weighs.
func ticket(offered []*member, n int) int {
	for i, m := range offered {
		if n -= m.weight(); n < 0 {
			return i
		}
	}
	return len(offered) - 1
}

// least is the fewest requests in flight for the weight. It starts at a random place, so that ties do not all
// fall to the first.
func least(offered []*member, start int) *member {
	best := offered[start]
	for i := range offered {
		m := offered[(start+i)%len(offered)]
		if m.inFlight.Load()*int64(best.weight()) < best.inFlight.Load()*int64(m.weight()) {
			best = m
		}
	}
	return best
}
