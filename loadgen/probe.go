package loadgen

import (
	"context"
	"errors"
	"net/url"

	"github.com/stickybench/stickybench/profiles"
)

// Probe opens one connection to a target with TLS, on which nothing is asked, before anybody counts. Its error is what
// only the person can mend: a certificate that is not trusted, or another protocol. Anything else may heal, and is
// the run's to record.
func Probe(ctx context.Context, address string, exp *profiles.Experiment) error {
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	s, err := newSettings(target, exp)
	if err != nil || s.security == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience(exp))
	defer cancel()
	if err := s.locate(ctx); err != nil {
		return err
	}
	d := newDialer(s)
	if err := d.reach(ctx, s.protocol); errors.As(err, new(setupError)) {
		return err
	}
	return nil
}

// reach opens and closes a connection.
func (d *dialer) reach(ctx context.Context, protocol string) error {
	if protocol == profiles.HTTP3 {
		c, err := d.dialQUIC(ctx, &Request{})
		if err != nil {
			return err
		}
		return c.Close()
	}
	c, err := d.dial(ctx, &Request{})
	if err != nil {
		return err
	}
	return c.raw.Close()
}
