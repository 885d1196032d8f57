package analysis

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Incomparable says what makes a difference between the side and a recorded run meaningless, or "". It reads
// what the run was, not its records.
func (s *Side) Incomparable(d *results.Dir) (string, error) {
	in, err := open(d)
	if err != nil || len(s.inputs) == 0 {
		return "", err
	}
	return incomparable(s.inputs[0], in), nil
}

func incomparable(a, b input) string {
	a.readTrace()
	b.readTrace()
	var l unlike
	l.other("machine", machine(a.run.Host), machine(b.run.Host))
	l.other("number of instances", len(a.run.Instances), len(b.run.Instances))
	l.other("seed", a.run.Seed, b.run.Seed)
	l.other("mix", a.run.Mix, b.run.Mix)
	l.experiments(a.experiment, b.experiment)
	return l.String()
}

// readTrace reads the arrival times that the directory keeps; without them they equal no others.
func (in input) readTrace() {
	if in.experiment.Load.Trace == "" {
		return
	}
	f, err := os.Open(filepath.Join(in.directory, in.experiment.Load.Trace))
	if err != nil {
		return
	}
	defer f.Close()
	_ = in.experiment.ReadTrace(f) // as above
}

// Unlike says what two experiments differ in besides what they measure, or "".
func Unlike(a, b *profiles.Experiment) string {
	var l unlike
	l.experiments(a, b)
	return l.String()
}

// unlike gathers what differs.
type unlike []string

// shownUnlike bounds how much of what differs an error lists.
const shownUnlike = 4

func (l unlike) String() string {
	if more := len(l) - shownUnlike; more > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(l[:shownUnlike], ", "), more)
	}
	return strings.Join(l, ", ")
}

func (l *unlike) other(what string, one, two any) {
	a, failed := profiles.Inline(one)
	b, too := profiles.Inline(two)
	switch {
	case failed != nil || too != nil: // what cannot be told cannot be called equal
		*l = append(*l, what+" that cannot be compared")
	case a == b, slices.ContainsFunc(*l, func(have string) bool { return strings.HasPrefix(have, "other "+what+" (") }):
	case len(a)+len(b) > shownDifference:
		*l = append(*l, "other "+what)
	default:
		*l = append(*l, fmt.Sprintf("other %s (%s against %s)", what, a, b))
	}
}

// shownDifference bounds how long the two sides of a difference may be in an error, which is one line.
const shownDifference = 240

func (l *unlike) experiments(x, y *profiles.Experiment) {
	l.other("seed", x.Seed, y.Seed)
	if x.Mix.Name != y.Mix.Name {
		l.other("mix", x.Mix.Name, y.Mix.Name)
	} else {
		l.other("mix definition", x.Mix, y.Mix)
	}
	l.other("duration", x.Duration, y.Duration)
	l.other("warm-up", x.Warmup, y.Warmup)
	l.other("speed-up", x.Speedup, y.Speedup)
	l.other("number of sessions", x.Sessions, y.Sessions)
	l.other("load", load(x.Load), load(y.Load))
	if !slices.Equal(x.Load.TraceTimes, y.Load.TraceTimes) {
		*l = append(*l, "other arrival times")
	}
	l.other("handler", x.Backends, y.Backends)
	l.other("faults", x.Faults, y.Faults)
}

func machine(h results.Host) string {
	return fmt.Sprintf("%s/%s, %s, %d cores, kernel %s", h.OS, h.Arch, h.CPU, h.Cores, h.Kernel)
}

// load is what comes, not how the generator sends it.
func load(l profiles.Load) profiles.Load {
	l.Engine, l.Shards, l.Trace = "", 0, ""
	return l
}
