package targets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/balancers"
)

// params are the experiment's for its instances, and the places of this run.
func (d *Deployment) params(row balancers.Row, at post) (balancers.Params, error) {
	p := paramsOf(at.experiment, row)
	p.Name, p.Listen = at.name, at.listen
	if os.Geteuid() == 0 {
		p.User = "root" // the usual account of workers may not enter the run directory
	}
	err := d.places(&p, at)
	return p, err
}

// paramsOf are the experiment's, with times as they really pass.
func paramsOf(e *profiles.Experiment, row balancers.Row) balancers.Params {
	health := e.Balancer.Health
	var weights []int
	if e.Backends.Uneven() {
		for n := range e.Backends.Weights {
			weights = append(weights, e.Backends.Weight(n))
		}
	}
	host := ""
	if e.Balancer.Front != nil {
		host = "stickybench"
	}
	return balancers.Params{
		CheckHost: host,
		Weights:   weights, MaxConnections: e.Backends.MaxConnections,
		TTL: e.Scale(e.Balancer.TTL), Absolute: e.Balancer.Absolute, Choice: e.Balancer.Choice, Via: e.Load.ClientAddress.Via, Cookie: cookieOf(e),
		AccessLog: e.Balancer.Log, Templated: e.Balancer.Config != "",
		Health: balancers.Health{
			Interval: e.Scale(health.Interval), Timeout: e.Scale(health.Timeout), Rise: health.Rise, Fall: health.Fall,
		},
		Command: strings.TrimPrefix(e.Balancer.Use, row.Name+":"),
	}
}

// places finds the files: everything in the run directory but the sockets, whose paths the kernel
// limits to 107 bytes.
func (d *Deployment) places(p *balancers.Params, at post) (err error) {
	if p.Directory, err = filepath.Abs(filepath.Join(d.o.Dir.Path(), p.Name)); err != nil {
		return err
	}
	p.Template = at.experiment.Balancer.Template
	if config := at.experiment.Balancer.Config; config != "" && p.Template == "" {
		return fmt.Errorf("lb.config: %s is empty; give the template that {config} is rendered from", config)
	}
	return d.sockets(p, at)
}

// sockets gives each replica a directory for its own and tells where the others' are.
func (d *Deployment) sockets(p *balancers.Params, at post) error {
	for _, name := range at.peers {
		dir, ok := d.socketDirs[name]
		if !ok {
			var err error
			if dir, err = socketDir(); err != nil {
				return err
			}
			d.socketDirs[name] = dir
		}
		p.Peers = append(p.Peers, balancers.Peer{Name: name, Socket: filepath.Join(dir, "peers.sock")})
	}
	p.Socket = filepath.Join(d.socketDirs[at.name], "admin.sock")
	return nil
}

// longestSocketDir leaves room for the names and for the suffix haproxy binds first.
const longestSocketDir = 65

func socketDir() (string, error) {
	parent := os.TempDir()
	if len(parent) > longestSocketDir {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "stickybench-")
}
