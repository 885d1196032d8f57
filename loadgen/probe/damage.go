package probe

import (
	"context"
	"strconv"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// damage sends the cookie named with values that nobody was given. Each request comes from another
// address and without other cookies.
func (p *prober) damage(ctx context.Context, clients []*client, name string) {
	var holders []*client
	for _, c := range clients {
		if c.value(name) != "" {
			holders = append(holders, c)
		}
	}
	send := func(shot results.Shot, value string) {
		shot.Label, shot.Client, shot.Sent = name, none, name+"="+value
		p.once(ctx, p.fresh(), shot, nil)
	}
	for group := range groups {
		c := holders[group%len(holders)]
		shape, another := invent(c.value(name), p.random), invent(c.value(name), p.random)
		for range oneByOne {
			send(results.Shot{Test: results.TestInvented, Group: shape}, shape)
		}
		p.together(ctx, together, p.fresh(), results.Shot{Test: results.TestInvention, Label: name, Group: another, Client: none, Sent: name + "=" + another}, nil)
		send(results.Shot{Test: results.TestGarbage}, "!garbage*"+strconv.Itoa(group))
		send(results.Shot{Test: results.TestGarbage}, strings.Repeat("x", 300))
		send(results.Shot{Test: results.TestEmpty}, "")
	}
	p.pairs(ctx, holders, name)
	p.beside(ctx, holders, name)
}

// beside sends the value together with one that a client may have kept from another domain or path.
func (p *prober) beside(ctx context.Context, holders []*client, name string) {
	for _, c := range holders[:min(len(holders), sample)] {
		if c.home == "" {
			continue
		}
		shot := results.Shot{Test: results.TestBeside, Label: name, Client: none, Wanted: c.home}
		valid, foreign := name+"="+c.value(name), name+"=!foreign*"
		shot.Group, shot.Sent = "first", valid+"; "+foreign
		p.once(ctx, p.fresh(), shot, nil)
		shot.Group, shot.Sent = "second", foreign+"; "+valid
		p.once(ctx, p.fresh(), shot, nil)
	}
}

// pairs sends two valid values together, and a value with the name of another instance in it.
func (p *prober) pairs(ctx context.Context, holders []*client, name string) {
	for i, c := range holders[:min(len(holders), sample)] {
		other := differentHome(holders, c)
		if other == nil {
			return
		}
		mine, theirs := c.value(name), other.value(name)
		both := results.Shot{Test: results.TestDuplicate, Label: name, Client: none, Group: strconv.Itoa(i), Wanted: c.home, Other: other.home,
			Sent: name + "=" + mine + "; " + name + "=" + theirs}
		p.once(ctx, p.fresh(), both, nil)
		p.once(ctx, p.fresh(), both, nil)
		if forged := rename(mine, c.home, other.home); forged != mine {
			p.once(ctx, p.fresh(), results.Shot{Test: results.TestForged, Label: name, Group: renamed, Client: none, Wanted: other.home, Sent: name + "=" + forged}, nil)
		}
	}
}

// differentHome is a client that lives elsewhere than c; nil when all live together or the homes are not known.
func differentHome(clients []*client, c *client) *client {
	for _, other := range clients {
		if c.home != "" && other.home != "" && other.home != c.home {
			return other
		}
	}
	return nil
}

// invent changes the value but keeps its shape: every second letter or digit becomes another of its kind.
func invent(value string, random *profiles.Rand) string {
	out := []byte(value)
	for i, b := range out {
		if i%2 == 1 {
			continue
		}
		switch {
		case b >= '0' && b <= '9':
			out[i] = '0' + byte(random.Uint64()%10)
		case b >= 'a' && b <= 'f':
			out[i] = 'a' + byte(random.Uint64()%6)
		case b >= 'g' && b <= 'z':
			out[i] = 'g' + byte(random.Uint64()%20)
		case b >= 'A' && b <= 'F':
			out[i] = 'A' + byte(random.Uint64()%6)
		case b >= 'G' && b <= 'Z':
			out[i] = 'G' + byte(random.Uint64()%20)
		}
	}
	return string(out)
}
