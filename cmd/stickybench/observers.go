package main

import (
	"github.com/stickybench/stickybench/loadgen"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

// observers follow a run while it lasts; the zero value is nobody.
type observers struct {
	view       *view
	exposition *exposition
}

// progress is the callback for loadgen, or nil when nobody follows.
func (o observers) progress() func(loadgen.Progress) {
	if o == (observers{}) {
		return nil
	}
	return func(now loadgen.Progress) {
		if o.view != nil {
			o.view.draw(now)
		}
		if o.exposition != nil {
			o.exposition.progress(now)
		}
	}
}

// change is told of every pool event.
func (o observers) change(c results.Change) {
	if o.view != nil {
		o.view.change(c)
	}
}

// started is told what was started.
func (o observers) started(d *targets.Deployment) {
	if o.exposition != nil {
		o.exposition.watch(d)
	}
}

// loaded is told that the load is over.
func (o observers) loaded() {
	if o.view != nil {
		o.view.end()
	}
}
