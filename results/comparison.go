package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ComparisonSchema is the schema of compare.json.
const ComparisonSchema = "stickybench/compare/v1"

// Arm is one side of a comparison: where sessions go and where their state lives.
type Arm struct {
	Name  string `json:"name"`
	LB    string `json:"lb"`
	Store string `json:"store"`
	// EqualCPU is the first arm again, with as many instances as the pilot block says that it needs until
	// its hottest is as hot as the second arm's.
	EqualCPU bool `json:"equal_cpu,omitempty"`
	// Target is the balancer and store of an arm that differs in more than their names, as the experiment writes
	// them.
	Target string `json:"target,omitempty"`
}

// Plan is compare.json: what was fixed before the first block and the run directories do not say.
type Plan struct {
	Schema string        `json:"schema"`
	Name   string        `json:"name"`
	Seed   uint64        `json:"seed"`
	Arms   []Arm         `json:"arms"` // the first is compared with the second, then all others in pairs
	Blocks int           `json:"blocks"`
	Margin time.Duration `json:"margin_ns"` // 0 = none
	Gates  []string      `json:"gates"`
	// How often state is put at risk, for the losses per day.
	CrashesPerDay float64 `json:"crashes_per_day"`
	DeploysPerDay float64 `json:"deploys_per_day"`
}

// Pilot is the block in which only the first two arms are played, to size an arm of EqualCPU. It takes
// no part in the figures.
const Pilot = 0

// firstBlock is the first of those that count.
const firstBlock = Pilot + 1

// EqualCPU is the index of the arm of equal CPU; ok is false without one.
func (p Plan) EqualCPU() (arm int, ok bool) {
	arm = slices.IndexFunc(p.Arms, func(a Arm) bool { return a.EqualCPU })
	return arm, arm >= 0
}

// ArmsOf are the arms that the block plays.
func (p Plan) ArmsOf(block int) []Arm {
	if block == Pilot {
		return p.Arms[:2]
	}
	return p.Arms
}

// ComparisonDir holds the runs of a comparison, each an ordinary run directory block-K/ARM.
type ComparisonDir struct {
	Plan Plan
	path string
}

// ResumeComparison makes the directory of a comparison, or continues one of exactly this plan and
// experiment. Blocks that were made for another one are never mixed in.
func ResumeComparison(path string, plan Plan, experiment []byte) (*ComparisonDir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	plan.Schema = ComparisonSchema
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding compare.json: %w", err)
	}
	d := &ComparisonDir{Plan: plan, path: abs}
	text = append(text, '\n')
	if IsComparison(abs) {
		return d, d.sameAs(path, text, experiment)
	}
	if _, err := os.Stat(d.file("run.json")); err == nil {
		return nil, fmt.Errorf("%s holds a run; choose another --out for the comparison", path)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return nil, fmt.Errorf("creating the comparison directory %s: %w; choose a writable --out", path, cause(err))
	}
	if err := replace(d.file("experiment.yaml"), experiment); err != nil {
		return nil, err
	}
	return d, errors.Join(replace(d.file("compare.json"), text), seal(abs))
}

// Damage says what differs from the plan as it was fixed, and which runs of blocks ended and cannot be opened any
// more; the others say theirs themselves.
func (d *ComparisonDir) Damage() []string {
	found := damage(d.path)
	for k := firstBlock; k <= d.Plan.Blocks; k++ {
		for _, arm := range d.Plan.Arms {
			path := d.RunPath(k, arm.Name)
			if _, err := os.Stat(filepath.Join(path, manifestFile)); err != nil {
				continue // not played, or killed: its block is played again
			}
			if _, err := Open(path); err != nil {
				found = append(found, fmt.Sprintf("block %d, %s: %v", k, arm.Name, err))
			}
		}
	}
	return found
}

// sameAs refuses to continue what was planned otherwise.
func (d *ComparisonDir) sameAs(path string, plan, experiment []byte) error {
	for name, want := range map[string][]byte{"compare.json": plan, "experiment.yaml": experiment} {
		have, err := os.ReadFile(d.file(name))
		if err != nil {
			return fmt.Errorf("%s: %s: %w; choose another --out", path, name, cause(err))
		}
		if !bytes.Equal(have, want) {
			return fmt.Errorf("%s holds another comparison: its %s differs; repeat its command line to continue it, or choose another --out", path, name)
		}
	}
	return nil
}

// IsComparison says whether path holds a comparison.
func IsComparison(path string) bool { return exists(path, "compare.json") }

// OpenComparison opens a comparison for reading.
func OpenComparison(path string) (*ComparisonDir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &ComparisonDir{path: abs}
	text, err := os.ReadFile(d.file("compare.json"))
	if err != nil {
		return nil, fmt.Errorf("%s is no comparison: compare.json: %w; give a directory that `stickybench compare` made", path, cause(err))
	}
	if err := json.Unmarshal(text, &d.Plan); err != nil {
		return nil, fmt.Errorf("%s: not readable: %w; the comparison cannot be analyzed", d.file("compare.json"), err)
	}
	if d.Plan.Schema != ComparisonSchema || len(d.Plan.Arms) < 2 {
		return nil, fmt.Errorf("%s: schema %q with %d arms, this program reads %q with at least 2; use the stickybench that wrote it",
			d.file("compare.json"), d.Plan.Schema, len(d.Plan.Arms), ComparisonSchema)
	}
	return d, nil
}

// Path is the directory's absolute path.
func (d *ComparisonDir) Path() string { return d.path }

func (d *ComparisonDir) file(name string) string { return filepath.Join(d.path, name) }

func (d *ComparisonDir) block(k int) string { return d.file(fmt.Sprintf("block-%d", k)) }

// RunPath is the run directory of an arm in a block; blocks count from 1.
func (d *ComparisonDir) RunPath(block int, arm string) string {
	return filepath.Join(d.block(block), arm)
}

// Finished says whether every arm of the block ran to its end.
func (d *ComparisonDir) Finished(block int) bool {
	for _, arm := range d.Plan.ArmsOf(block) {
		dir, err := Open(d.RunPath(block, arm.Name))
		if err != nil {
			return false
		}
		if run, err := dir.Run(); err != nil || run.End == 0 || run.Interrupted {
			return false
		}
	}
	return true
}

// Discard removes an unfinished block: its arms would not have run side by side.
func (d *ComparisonDir) Discard(block int) error {
	if err := os.RemoveAll(d.block(block)); err != nil {
		return fmt.Errorf("discarding the unfinished block %s: %w; remove it", d.block(block), cause(err))
	}
	return nil
}

// WriteReport replaces report.json.
func (d *ComparisonDir) WriteReport(r *Report) error { return writeReport(d.file("report.json"), r) }
