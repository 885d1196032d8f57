package targets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

// rawAccess finds what every process of the balancer logged, in its own words.
func (d *Deployment) rawAccess() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(d.o.Dir.Path(), profiles.TheBalancer+"*", balancers.AccessFile))
	slices.Sort(paths)
	return paths, err
}

// builtinLog is where that process of the reference balancer writes its account; "" for nowhere.
func (d *Deployment) builtinLog(at post) string {
	if !at.experiment.Balancer.Log {
		return ""
	}
	return filepath.Join(d.o.Dir.Path(), at.name, balancers.AccessFile)
}

// settleAccess waits for the last lines of the balancer's log.
func (d *Deployment) settleAccess(ctx context.Context) {
	if paths, err := d.rawAccess(); err == nil && len(paths) > 0 && d.o.Experiment.Balancer.Log {
		balancers.Settle(ctx, paths...)
	}
}

// keepAccess puts the balancer's account of the run into the directory, in the form of all balancers. Call it when the
// balancer has ended and its log is complete. Without a log there is no account, and the report says so.
func (d *Deployment) keepAccess() error {
	if !d.o.Experiment.Balancer.Log {
		return nil
	}
	paths, err := d.rawAccess()
	if err != nil || len(paths) == 0 {
		return err
	}
	kept, err := d.o.Dir.AccessLog()
	if err != nil {
		return err
	}
	var failed []error
	for _, path := range paths {
		failed = append(failed, d.translate(path, kept))
	}
	return errors.Join(append(failed, kept.Close())...)
}

func (d *Deployment) translate(path string, kept *results.AccessLog) error {
	raw, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keeping the balancer's log: %w", err)
	}
	defer raw.Close()
	names := map[string]string{}
	for _, i := range d.all() {
		names[i.options.Listen] = i.name()
	}
	return balancers.ReadAccess(d.lead().name, raw, func(a results.Access) error {
		for n := range a.Tries {
			a.Tries[n].Instance = names[a.Tries[n].Upstream]
		}
		return kept.Append(a)
	})
}
