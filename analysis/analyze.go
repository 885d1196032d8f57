package analysis

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// input is one run, wherever its records come from.
type input struct {
	name       string
	directory  string // "" when it comes from none
	run        results.Run
	experiment *profiles.Experiment
	changes    []results.Change
	samples    []results.Sample
	exchanges  iter.Seq2[results.Exchange, error]
	batches    iter.Seq2[[]results.Exchange, error] // the same, as they are decoded; nil when they come singly
	serves     func() (ledgers, error)
	access     func() (accesses, error) // of a balancer that keeps a log; nil otherwise
	patience
	intact bool // leave answers that lost their session's state out of every latency
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
	distrust(report, d)
	return report, nil
}

// damaged begins the first reason of a report that is drawn from a directory which is not as it was sealed.
const damaged = "the directory is damaged or incomplete"

// distrust makes the report of a damaged directory say so and pass nothing.
func distrust(report *results.Report, d *results.Dir) {
	mistrust(report, append(d.Damage(), d.Warnings()...))
}

// Distrust does the same for a report that was drawn before: since then somebody may have been at the directory.
func Distrust(report *results.Report, path string) {
	if len(report.Reasons) == 0 || !strings.HasPrefix(report.Reasons[0], damaged) {
		mistrust(report, results.Damaged(path))
	}
}

// mistrust does the same for what was found, if anything was.
func mistrust(report *results.Report, found []string) {
	if len(found) == 0 {
		return
	}
	report.Warnings = append(report.Warnings, found...)
	report.Verdict = results.Invalid
	report.Reasons = append([]string{damaged + ": " + found[0]}, report.Reasons...)
	for i, c := range report.Checks {
		if c.Verdict == results.Pass {
			report.Checks[i].Verdict, report.Checks[i].Why = results.Invalid, damaged
		}
	}
}

// open reads a run; its records are opened by whoever sweeps over them.
func open(d *results.Dir) (in input, err error) {
	in = input{name: filepath.Base(d.Path()), directory: d.Path(), exchanges: d.Exchanges(), batches: d.ExchangeBatches()}
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
	if in.samples, err = d.Samples(); err != nil {
		return in, err
	}
	in.patience = patient(in.experiment)
	in.serves = func() (ledgers, error) { return d.Ledgers() }
	if in.experiment.Balancer.Log {
		in.access = func() (accesses, error) {
			log, err := d.Access()
			if log == nil { // an interface that holds a nil is none
				return nil, err
			}
			return log, err
		}
	}
	return in, nil
}

// analyze sweeps once over the exchanges and, keeping up with them in time, the ledgers.
func analyze(in input) (*results.Report, error) {
	return sweep(in, newJudge(in))
}

func sweep(in input, j *judge) (*results.Report, error) {
	serves, err := in.serves()
	if err != nil {
		return nil, err
	}
	defer serves.Close()
	if j.account, err = newAccount(in); err != nil {
		return nil, err
	}
	defer j.account.end()
	t := newTraffic(in.run)
	last := newFinal(in.run, time.Duration(in.experiment.Duration))
	for batch, err := range in.batched() {
		if err != nil {
			return nil, err
		}
		if err := sweepBatch(batch, in.intact, serves, j, t, last); err != nil {
			return nil, err
		}
	}
	if err := j.finish(serves); err != nil {
		return nil, err
	}
	return conclude(in, t, j, last)
}

func sweepBatch(batch []results.Exchange, intact bool, serves ledgers, j *judge, t *traffic, last *final) error {
	j.approach(batch)
	for i := range batch {
		e := &batch[i]
		if err := j.reach(e.Done, serves); err != nil {
			return err
		}
		fresh := j.exchange(e)
		j.account.exchange(e)
		t.add(e, !intact || !fresh)
		last.add(e)
	}
	j.settle()
	return nil
}

// batched gives the exchanges some at a time; they hold until the next are asked for.
func (in *input) batched() iter.Seq2[[]results.Exchange, error] {
	if in.batches != nil {
		return in.batches
	}
	return func(yield func([]results.Exchange, error) bool) {
		batch := make([]results.Exchange, 1)
		for e, err := range in.exchanges {
			if batch[0] = e; !yield(batch, err) {
				return
			}
		}
	}
}

// conclude turns what the passes found into metrics, checks and the verdict.
func conclude(in input, t *traffic, j *judge, last *final) (*results.Report, error) {
	s := &sheet{}
	j.reportAffinity(s)
	j.reportFailovers(s)
	j.reportReplicas(s)
	j.census.reportConsistency(s)
	t.report(s)
	j.operations.report(s)
	reportSkew(s, in, t, j)
	last.report(s, in.run, j.pool)
	reportBalancer(s, in, t)
	j.account.report(s)
	reportGenerator(s, in.run, t.wall(in.run))
	report := &results.Report{Schema: results.ReportSchema, Metrics: s.metrics, Runs: []results.ReportRun{describe(in, t)},
		Timeline: timeline(in), Warnings: slices.Concat(warnings(in.run), j.lateNote(), j.account.notes(in))}
	j.violations.report(report, in.run.Start)
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
	return results.ReportRun{Name: r.Name, Dir: in.name, LB: r.LB, LBVersion: r.LBVersion, Mechanism: r.Mechanism.Name, Front: r.Front.String(),
		Store: r.Store, Mix: r.Mix, Seed: r.Seed, Backends: len(r.Instances), VirtualCores: cores, Duration: t.wall(r).Seconds(), Revision: r.Revision}
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
