package targets

import (
	"errors"
	"sync"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// recorder writes what happens to the pool into the run directory and keeps what went wrong for
// those who can tell the user.
type recorder struct {
	dir   *results.Dir
	watch func(results.Change) // may be nil

	mu       sync.Mutex
	failed   []error
	warnings []string
}

func (r *recorder) change(c results.Change) {
	r.note(r.dir.WriteChange(c))
	if r.watch != nil {
		r.watch(c)
	}
}

// process records what happens to the balancer or the store.
func (r *recorder) process(name string, from, to results.State, why string) {
	r.change(results.Change{Time: clock.Now(), Instance: name, From: from, To: to, Why: why})
}

func (r *recorder) sample(s results.Sample) { r.note(r.dir.WriteSample(s)) }

// note keeps err; a full disk repeats itself, so one of a kind is enough.
func (r *recorder) note(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.failed); n == 0 || r.failed[n-1].Error() != err.Error() {
		r.failed = append(r.failed, err)
	}
}

func (r *recorder) warn(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warnings = append(r.warnings, text)
}

func (r *recorder) said() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.warnings...)
}

func (r *recorder) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.failed...)
}
