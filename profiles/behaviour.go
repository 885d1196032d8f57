package profiles

import "time"

// Plan is an experiment compiled for playing: everything a user will do is a pure function of
// (seed, user number), whatever the shard count. Safe for concurrent use.
//
// Player is one session being played: a flat value without pointers, about 40 bytes.
//
//	plan := profiles.NewPlan(exp)
//	player := plan.Player(user, session)
//	for step, ok := plan.Next(&player); ok; step, ok = plan.Next(&player) { … }
//
// Step is what a session does next.
type Step struct {
	Think    time.Duration // wait from previous done (0 for the first step), speed-up applied
	Write    bool          // POST
	Parallel int           // requests sent together, at least 1; 1 for writes
	Moved    bool          // the source address changes before this step
	Last     bool
}
