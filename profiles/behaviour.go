package profiles

import (
	"math"
	"net/netip"
	"time"
)

// Random streams that must not share values.
const (
	streamProfile = iota + 1
	streamJar
	streamSession
	streamArrivals
	streamAddress
)

// Plan is an experiment compiled for playing: everything a user will do is a pure function of
// (seed, user number), whatever the number of shards. Safe for concurrent use.
type Plan struct {
	exp     *Experiment
	network netip.Prefix // of the users' addresses; invalid = the loopback network
}

// NewPlan compiles a valid experiment.
func NewPlan(exp *Experiment) *Plan {
	network, _ := netip.ParsePrefix(exp.Load.ClientAddress.Network) // Validate has refused what is none
	return &Plan{exp: exp, network: network.Masked()}
}

// Player is one session being played: a flat value without pointers, 16 bytes.
type Player struct {
	rng     Rand
	left    uint32
	profile uint8
	begun   bool // a step was played
}

// Profile is the user's index into Experiment.Mix.Profiles.
func (p *Player) Profile() uint8 { return p.profile }

// Limits that keep a heavy tail inside its integer.
const (
	mostRequests = 1 << 31
	longestThink = 1000 * time.Hour
)

// Step is what a session does next.
type Step struct {
	Think    time.Duration // wait from the previous done (0 for the first step), speed-up applied
	Write    bool          // POST
	Head     bool          // HEAD
	Parallel int           // requests sent together, at least 1; 1 for writes
	Moved    bool          // the source address changes before this step
	Last     bool
}

// Profile is the user's index into Experiment.Mix.Profiles.
func (p *Plan) Profile(user uint32) uint8 {
	x := NewRand(p.exp.Seed, streamProfile, uint64(user)).Float()
	for i, w := range p.exp.Mix.Profiles {
		if x -= w.Share; x < 0 {
			return uint8(i)
		}
	}
	return uint8(len(p.exp.Mix.Profiles) - 1)
}

func (p *Plan) profile(index uint8) *Profile { return &p.exp.Mix.Profiles[index].Profile }

// PerRequest says whether the user opens a new connection for each request.
func (p *Plan) PerRequest(user uint32) bool {
	return p.profile(p.Profile(user)).Connection == "per-request"
}

// KeepsJar says whether the user returns cookies.
func (p *Plan) KeepsJar(user uint32) bool {
	switch p.profile(p.Profile(user)).Jar {
	case "none":
		return false
	case "half":
		return NewRand(p.exp.Seed, streamJar, uint64(user)).Uint64()&1 == 0
	}
	return true
}

// Player starts the user's session of that number.
func (p *Plan) Player(user, session uint32) Player {
	player := Player{rng: seeded(p.exp.Seed, streamSession, uint64(user), uint64(session)), profile: p.Profile(user)}
	requests := p.profile(player.profile).Requests.Draw(&player.rng)
	player.left = uint32(min(max(1, math.Round(requests)), mostRequests))
	return player
}

// Next gives the session's next step; ok is false when it is over. Requests of one parallel step
// count one each.
func (p *Plan) Next(player *Player) (step Step, ok bool) {
	if player.left == 0 {
		return Step{}, false
	}
	profile := p.profile(player.profile)
	rng := &player.rng
	think := profile.Think.Draw(rng)
	step.Write = rng.Float() < profile.Writes
	parallel := profile.Parallel.Draw(rng)
	step.Moved = rng.Float() < -math.Expm1(-profile.MovesPerHour*think/3600) && player.begun
	if player.begun {
		seconds := min(think/p.exp.Speedup, longestThink.Seconds())
		step.Think = time.Duration(seconds * float64(time.Second))
	}
	step.Parallel = 1
	if profile.Heads > 0 && !step.Write { // drawn only when asked for, so that a seed keeps its sessions
		step.Head = rng.Float() < profile.Heads
	}
	if !step.Write {
		step.Parallel = int(min(max(1, parallel), float64(player.left)))
	}
	player.left -= uint32(step.Parallel)
	player.begun = true
	step.Last = player.left == 0
	return step, true
}
