package loadgen

import (
	"context"
	"errors"

	"github.com/stickybench/stickybench/profiles"
)

// Probe opens one connection to each replica of a target with TLS, on which nothing is asked, before anybody counts. Its error is what
// only the person can mend: a certificate that is not trusted, or another protocol. Anything else may heal, and is
// the run's to record.
func Probe(ctx context.Context, replicas []string, exp *profiles.Experiment) error {
	s, err := locate(ctx, exp, replicas)
	if err != nil || s.security == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience(exp))
	defer cancel()
	d := newDialer(s)
	for n := range s.addresses {
		if err := d.reach(ctx, &Request{Replica: uint8(n)}); errors.As(err, new(setupError)) {
			return err
		}
	}
	return nil
}

// reach opens and closes a connection.
func (d *dialer) reach(ctx context.Context, r *Request) error {
	if d.protocol == profiles.HTTP3 {
		c, err := d.dialQUIC(ctx, r)
		if err != nil {
			return err
		}
		return c.Close()
	}
	c, err := d.dial(ctx, r)
	if err != nil {
		return err
	}
	return c.raw.Close()
}
