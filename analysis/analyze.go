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
}

// Analyze judges a run directory, the experiment's gates included.
func Analyze(d *results.Dir) (*results.Report, error) {
	in, err := open(d)
	if err != nil {
		return nil, err
	}
	report, err := judge(in)
	if err != nil {
		return nil, err
	}
	report.Warnings = append(report.Warnings, d.Warnings()...)
	return report, nil
}

func open(d *results.Dir) (in input, err error) {
	in = input{name: filepath.Base(d.Path()), exchanges: d.Exchanges()}
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

func judge(in input) (*results.Report, error) {
	t := newTraffic(in.run)
	for e, err := range in.exchanges {
		if err != nil {
			return nil, err
		}
		t.add(&e)
	}
	s := &sheet{}
	t.report(s)
	reportGenerator(s, in.run, t.wall(in.run))
	report := &results.Report{Schema: results.ReportSchema, Metrics: s.metrics, Runs: []results.ReportRun{describe(in, t)},
		Violations: []results.Violation{}, Timeline: timeline(in), Warnings: warnings(in.run)}
	checks, err := Gate(report, in.experiment.Gates)
	if err != nil {
		return nil, err
	}
	report.Checks = checks
	report.Verdict, report.Reasons = verdict(checks, t.count, invalid(in.run, in.samples))
	return report, nil
}

func describe(in input, t *traffic) results.ReportRun {
	r := in.run
	return results.ReportRun{Name: r.Name, Dir: in.name, LB: r.LB, LBVersion: r.LBVersion, Mechanism: r.Mechanism.Name,
		Store: r.Store, Mix: r.Mix, Seed: r.Seed, Backends: len(r.Instances), Duration: t.wall(r).Seconds()}
}

func timeline(in input) []results.Event {
	events := []results.Event{}
	for _, c := range in.changes {
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
	return append(notes, notJudged)
}

func seconds(from, to clock.Time) float64 { return to.Sub(from).Seconds() }

// wall is how long the run took; the last answer stands in for a missing end.
func (t *traffic) wall(r results.Run) time.Duration {
	return max(0, max(r.End, t.last).Sub(r.Start))
}
