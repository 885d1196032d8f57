package analysis

import (
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// input is one run, wherever its records come from.
type input struct {
	name       string
	run        results.Run
	experiment *profiles.Experiment
	changes    []results.Change
	samples    []results.Sample
	exchanges  iter.Seq2[results.Exchange, error]
	serves     iter.Seq2[results.Serve, error]
	intact     bool // leave answers that lost their session's state out of every latency
}

// Analyze judges a run directory, the experiment's gates included.
func Analyze(d *results.Dir) (*results.Report, error) {
	in, err := open(d)
	if err != nil {
		return nil, err
	}
	report, err := analyze(in)
	if err != nil {
		return nil, err
	}
	report.Warnings = append(report.Warnings, d.Warnings()...)
	return report, nil
}

func open(d *results.Dir) (in input, err error) {
	in = input{name: filepath.Base(d.Path()), exchanges: d.Exchanges(), serves: d.Serves()}
	if in.run, err = d.Run(); err != nil {
		return in, err
	}
	text, err := d.Experiment()
	if err != nil {
		return in, fmt.Errorf("reading the experiment of %s: %w", in.name, err)
	}
	if in.experiment, err = profiles.Decode("experiment.yaml", text); err != nil {
		return in, err
	}
	if in.changes, err = d.Changes(); err != nil {
		return in, err
	}
	in.samples, err = d.Samples()
	return in, err
}

// analyze makes one pass over the exchanges and one over the ledgers.
func analyze(in input) (*results.Report, error) {
	t, j, o := newTraffic(in.run), newJudge(in.run, in.changes), newOperations()
	last := newFinal(in.run, time.Duration(in.experiment.Duration))
	for e, err := range in.exchanges {
		if err != nil {
			return nil, err
		}
		fresh := j.exchange(&e)
		t.add(&e, !in.intact || !fresh)
		last.add(&e)
	}
	for l, err := range in.serves {
		if err != nil {
			return nil, err
		}
		j.serve(&l)
		if l.Start >= in.run.Measured {
			o.add(&l)
		}
	}
	return conclude(in, t, j, o, last)
}

// conclude turns what the passes found into metrics, checks and the verdict.
func conclude(in input, t *traffic, j *judge, o *operations, last *final) (*results.Report, error) {
	s := &sheet{}
	j.reportAffinity(s)
	j.reportFailovers(s)
	j.reportConsistency(s)
	t.report(s)
	o.report(s)
	reportSkew(s, in, t, j)
	last.report(s, in.run, j.pool)
	reportGenerator(s, in.run, t.wall(in.run))
	report := &results.Report{Schema: results.ReportSchema, Metrics: s.metrics, Runs: []results.ReportRun{describe(in, t)},
		Timeline: timeline(in), Warnings: warnings(in.run)}
	report.Violations = j.sortedViolations(report)
	checks, err := Gate(report, in.experiment.Gates)
	if err != nil {
		return nil, err
	}
	report.Checks = checks
	report.Verdict, report.Reasons = verdict(report, in.run, invalid(in.run, in.samples))
	return report, nil
}

func describe(in input, t *traffic) results.ReportRun {
	r := in.run
	cores := 0.0
	if len(r.Instances) > 0 && r.Instances[0].Virtual {
		cores = r.Instances[0].Cores
	}
	return results.ReportRun{Name: r.Name, Dir: in.name, LB: r.LB, LBVersion: r.LBVersion, Mechanism: r.Mechanism.Name,
		Store: r.Store, Mix: r.Mix, Seed: r.Seed, Backends: len(r.Instances), VirtualCores: cores, Duration: t.wall(r).Seconds()}
}

// timeline tells what happened to the pool between the first due time and the end of the load.
func timeline(in input) []results.Event {
	events := []results.Event{}
	for _, c := range in.changes {
		if c.Time < in.run.Start || c.Why == "stop" {
			continue
		}
		events = append(events, results.Event{At: seconds(in.run.Start, c.Time),
			What: fmt.Sprintf("%s %s → %s (%s)", c.Instance, c.From, c.To, c.Why)})
	}
	return events
}

func warnings(r results.Run) []string {
	notes := append([]string{}, r.Warnings...)
	if r.Interrupted {
		notes = append(notes, "the run was interrupted; figures cover what came before")
	}
	if r.End == 0 {
		notes = append(notes, "the run did not end by itself; the generator's own account is missing")
	}
	return notes
}

func seconds(from, to clock.Time) float64 { return to.Sub(from).Seconds() }

// wall is how long the run took; the last answer stands in for a missing end.
func (t *traffic) wall(r results.Run) time.Duration {
	return max(0, max(r.End, t.last).Sub(r.Start))
}
