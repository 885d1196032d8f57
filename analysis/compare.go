package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// comparison gathers the reports of a comparison's runs: one row per block, one column per arm.
type comparison struct {
	plan   results.Plan
	blocks [][]*results.Report // the ones that the figures rest on
	notes  []string
	causes []string // why the whole comparison is invalid
}

// Compare judges a comparison directory. It is a pure function of its run directories and its plan.
func Compare(d *results.ComparisonDir) (*results.Report, error) {
	finished, invalid, blocks, err := analyzeBlocks(d)
	if err != nil {
		return nil, err
	}
	report, err := compare(d.Plan, finished, invalid)
	if err != nil {
		return nil, err
	}
	distrustComparison(report, d, finished, blocks)
	return report, nil
}

// analyzeBlocks judges the runs of every finished block and gives their numbers.
func analyzeBlocks(d *results.ComparisonDir) (finished [][]*results.Report, invalid []string, blocks []int, err error) {
	for k := 1; k <= d.Plan.Blocks; k++ {
		if !d.Finished(k) {
			continue
		}
		row, err := analyzeBlock(d, k)
		if err != nil {
			return nil, nil, nil, err
		}
		finished, invalid, blocks = append(finished, row), append(invalid, whyInvalid(d.Plan, k, row)), append(blocks, k)
	}
	return finished, invalid, blocks, nil
}

// distrustComparison is distrust for the plan, which says what must hold, and for every run of a block. A
// run that was changed afterwards is no run to leave out like one on a busy machine.
func distrustComparison(report *results.Report, d *results.ComparisonDir, finished [][]*results.Report, blocks []int) {
	found := d.Damage()
	for i, row := range finished {
		for arm, r := range row {
			if len(r.Reasons) > 0 && strings.HasPrefix(r.Reasons[0], damaged) {
				found = append(found, fmt.Sprintf("block %d, %s: %s", blocks[i], d.Plan.Arms[arm].Name, r.Reasons[0]))
			}
		}
	}
	mistrust(report, found)
}

// analyzeBlock judges the arms of one block. Answers that lost their session's state come fast and
// empty: they are counted, but no arm is credited with their latency.
func analyzeBlock(d *results.ComparisonDir, block int) (row []*results.Report, err error) {
	for _, arm := range d.Plan.ArmsOf(block) {
		dir, err := results.Open(d.RunPath(block, arm.Name))
		if err != nil {
			return nil, err
		}
		in, err := open(dir)
		if err != nil {
			return nil, err
		}
		in.intact = true
		report, err := analyze(in)
		if err != nil {
			return nil, err
		}
		distrust(report, dir)
		row = append(row, report)
	}
	return row, nil
}

// whyInvalid is empty for a block in which every arm measured what it should.
func whyInvalid(plan results.Plan, block int, row []*results.Report) string {
	for i, r := range row {
		if r.Verdict == results.Invalid {
			return fmt.Sprintf("block %d, %s: %s", block, plan.Arms[i].Name, r.Reasons[0])
		}
	}
	return ""
}

// compare turns the blocks into the report of the comparison.
func compare(plan results.Plan, finished [][]*results.Report, invalid []string) (*results.Report, error) {
	c := &comparison{plan: plan}
	c.choose(finished, invalid)
	report := &results.Report{Schema: results.ReportSchema, Runs: []results.ReportRun{}, Reasons: []string{},
		Checks: []results.Check{}, Violations: []results.Violation{}, Timeline: []results.Event{}, Warnings: []string{}}
	if len(c.blocks) == 0 {
		report.Metrics = []results.Metric{}
		report.Verdict, report.Reasons = results.Inconclusive, []string{fmt.Sprintf("none of %d blocks is finished: repeat the command line to go on", plan.Blocks)}
		return report, nil
	}
	s := &sheet{}
	c.reportSavings(s)
	c.reportArms(s)
	c.reportCosts(s)
	report.Metrics, report.Runs = s.metrics, c.describe()
	checks, err := judgeGates(report, c.pairs(0, 1), plan.Gates)
	if err != nil {
		return nil, err
	}
	report.Checks = append(c.marginChecks(), checks...)
	report.Warnings = append(append(report.Warnings, c.notes...), c.warnings(report)...)
	report.Verdict, report.Reasons = c.verdict(report, len(finished))
	return report, nil
}

// choose leaves out whole blocks in which an arm was invalid, so that what remains stays paired. When
// that is half of them or more, the machine was not fit: all are shown and the verdict says so.
func (c *comparison) choose(finished [][]*results.Report, invalid []string) {
	for i, row := range finished {
		if invalid[i] == "" {
			c.blocks = append(c.blocks, row)
		} else {
			c.causes = append(c.causes, invalid[i])
		}
	}
	if 2*len(c.blocks) <= len(finished) {
		c.blocks = finished
		return
	}
	for _, cause := range c.causes {
		c.notes = append(c.notes, "left out, because its run was invalid: "+cause)
	}
	c.causes = nil
}

// pairs puts one arm against another, block by block.
func (c *comparison) pairs(candidate, baseline int) *pairs {
	p := &pairs{}
	for _, row := range c.blocks {
		p.candidate, p.baseline = append(p.candidate, row[candidate]), append(p.baseline, row[baseline])
	}
	return p
}

// figure is one metric of one arm, block by block.
type figure struct {
	results.Metric                  // of the first block
	values         []float64        // one per block
	blocks         []results.Metric // the same with what each rests on
	insufficient   string
}

// figure finds a metric in every block; ok is false when a block lacks it.
func (c *comparison) figure(arm int, name string, labels map[string]string) (f figure, ok bool) {
	for i, row := range c.blocks {
		m, found := row[arm].Find(name, labels)
		if !found {
			return figure{}, false
		}
		if i == 0 {
			f.Metric = m
		}
		f.values, f.blocks = append(f.values, m.Value), append(f.blocks, m)
		for _, w := range m.Warnings {
			if strings.HasPrefix(w, "insufficient") {
				f.insufficient = fmt.Sprintf("%s (%s, run %d)", w, c.plan.Arms[arm].Name, i+1)
			}
		}
	}
	return f, len(f.values) > 0
}

// over puts an interval into m; an insufficient figure keeps its value and claims no interval.
func over(m results.Metric, i stats.Interval, insufficient ...string) results.Metric {
	m.Value, m.Lo, m.Hi, m.N, m.Warnings = i.Value, nil, nil, int64(i.N), nil
	for _, why := range insufficient {
		if why != "" && len(m.Warnings) == 0 {
			m.Warnings = []string{why}
		}
	}
	if i.N > 1 && len(m.Warnings) == 0 {
		m.Lo, m.Hi = &i.Lo, &i.Hi
	}
	return m
}

// describe names the arms; their runs lie in one directory per block.
func (c *comparison) describe() (runs []results.ReportRun) {
	for i, arm := range c.plan.Arms {
		run := c.blocks[0][i].Runs[0]
		run.Name, run.Dir, run.Seed, run.Duration = arm.Name, "block-*/"+arm.Name, c.plan.Seed, 0
		for _, row := range c.blocks {
			run.Duration += row[i].Runs[0].Duration
			if row[i].Runs[0].Revision != run.Revision {
				run.Revision = results.Revision{} // blocks of several are of none
			}
		}
		runs = append(runs, run)
	}
	return runs
}

// warnings are those of the runs, each once, and what must be known to read quantiles.
func (c *comparison) warnings(r *results.Report) (notes []string) {
	for _, row := range c.blocks {
		for i, run := range row {
			for _, w := range run.Warnings {
				if note := c.plan.Arms[i].Name + ": " + w; !slices.Contains(notes, note) {
					notes = append(notes, note)
				}
			}
		}
	}
	if note := quantileNote(r); note != "" {
		notes = append(notes, note)
	}
	return notes
}
