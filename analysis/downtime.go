package analysis

import (
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// downtime is a time in which a replica of the balancer was down.
type downtime struct {
	replica  string
	from, to clock.Time
}

// trackDowntime follows the changes of the replicas' processes.
func (p *pool) trackDowntime(c results.Change) {
	switch last := p.lastDown(c.Instance); {
	case c.To == results.Down && (last == nil || last.to != never):
		p.down = append(p.down, downtime{c.Instance, c.Time, never})
	case c.To == results.Up && c.Toward == "" && last != nil && last.to == never:
		last.to = c.Time
	}
}

// lastDown is the last downtime of a replica so far; nil when it had none.
func (p *pool) lastDown(replica string) *downtime {
	for i := range slices.Backward(p.down) {
		if p.down[i].replica == replica {
			return &p.down[i]
		}
	}
	return nil
}

// isDown says whether a replica was down at any time in [from, to].
func (p *pool) isDown(replica string, from, to clock.Time) bool {
	return slices.ContainsFunc(p.down, func(d downtime) bool { return d.replica == replica && d.from <= to && from <= d.to })
}

// startedAnew says whether a replica had been down before t, and so had forgotten what it keeps in memory alone.
func (p *pool) startedAnew(replica string, t clock.Time) bool {
	return slices.ContainsFunc(p.down, func(d downtime) bool { return d.replica == replica && d.to <= t })
}

// refusals counts failed requests by replica, in all and while it was down.
type refusals struct{ all, down numbered[int64] }

// fail counts a failed request of the measured window for the replica that it was sent to.
func (j *judge) fail(e *results.Exchange) {
	if e.Replica == 0 || e.Flags&results.Warmup != 0 || e.Failure == results.Canceled || e.Failure == results.Answered && e.Status < 500 {
		return
	}
	j.failed.all[e.Replica]++
	if j.pool.isDown(j.replica(e.Replica), e.Sent, e.Done) {
		j.failed.down[e.Replica]++
	}
}

// reportDowntimes tells the failed requests of the n-th replica, from 1.
func (j *judge) reportDowntimes(sh *sheet, n int) {
	name, all, down := j.run.Replicas[n-1].Name, j.failed.all[n], j.failed.down[n]
	sh.count("replicas.errors", map[string]string{"replica": name}, all, "lower")
	if j.pool.lastDown(name) != nil {
		sh.count("replicas.errors", map[string]string{"replica": name, "phase": "down"}, down, "lower")
		sh.count("replicas.errors", map[string]string{"replica": name, "phase": "up"}, all-down, "lower")
	}
}
