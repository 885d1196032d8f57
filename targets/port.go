package targets

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/stickybench/stickybench/internal/port"
)

const clashTries = 5

// onFreePort calls start with a port that stays the deployment's until it stops, and with
// fresh ones while a stranger is faster to listen there.
func (d *Deployment) onFreePort(start func(p *port.Port) error) error {
	var err error
	for range clashTries {
		var p *port.Port
		if p, err = port.Reserve(); err != nil {
			return err
		}
		if err = d.onPort(p, start); err == nil || !clash(err) {
			return err
		}
	}
	return err
}

// onPort keeps p while what starts on it may run.
func (d *Deployment) onPort(p *port.Port, start func(p *port.Port) error) error {
	if err := start(p); err != nil {
		return errors.Join(err, p.Close())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ports = append(d.ports, p)
	return nil
}

// releasePorts says which ports are still served by a process that outlived the run.
func (d *Deployment) releasePorts() error {
	var failed []error
	for _, p := range d.ports {
		if p.Served() {
			failed = append(failed, fmt.Errorf("after the run, port %s is still served", p.Address))
		}
		failed = append(failed, p.Close())
	}
	d.ports = nil
	return errors.Join(failed...)
}

// clash tells from a child's words that its port was taken; only its text crosses the pipe.
func clash(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || strings.Contains(strings.ToLower(err.Error()), "address already in use")
}
