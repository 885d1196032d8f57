package targets

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/balancers"
)

// params are the experiment's for its instances, and the places of this run.
func (d *Deployment) params(row balancers.Row, listen string) (balancers.Params, error) {
	p := paramsOf(d.o.Experiment, row)
	p.Listen = listen
	p.Instances = d.upstreams()
	if os.Geteuid() == 0 {
		p.User = "root" // the usual account of workers may not enter the run directory
	}
	err := d.places(&p)
	return p, err
}

// paramsOf are the experiment's, with times as they really pass.
func paramsOf(e *profiles.Experiment, row balancers.Row) balancers.Params {
	health := e.Balancer.Health
	return balancers.Params{
		TTL: e.Scale(e.Balancer.TTL), Absolute: e.Balancer.Absolute, Choice: e.Balancer.Choice, Via: e.Load.ClientAddress.Via,
		AccessLog: e.Balancer.Log,
		Health: balancers.Health{
			Interval: e.Scale(health.Interval), Timeout: e.Scale(health.Timeout), Rise: health.Rise, Fall: health.Fall,
		},
		Command: strings.TrimPrefix(e.Balancer.Use, row.Name+":"),
	}
}

// places finds the files: everything in the run directory but the socket, whose path the kernel
// limits to 107 bytes.
func (d *Deployment) places(p *balancers.Params) (err error) {
	if p.Directory, err = filepath.Abs(filepath.Join(d.o.Dir.Path(), balancerName)); err != nil {
		return err
	}
	p.Template = d.o.Experiment.Balancer.Template
	dir, err := socketDir()
	p.Socket = filepath.Join(dir, "admin.sock")
	return err
}

// longestSocketDir leaves room for the name and for the suffix haproxy binds first.
const longestSocketDir = 70

func socketDir() (string, error) {
	parent := os.TempDir()
	if len(parent) > longestSocketDir {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "stickybench-")
}

// upstreams are the instances as the balancer sees them.
func (d *Deployment) upstreams() []balancers.Instance {
	var all []balancers.Instance
	for _, i := range d.all() {
		if i.pooled() {
			all = append(all, balancers.Instance{Name: i.name(), Address: i.options.Listen})
		}
	}
	return all
}
