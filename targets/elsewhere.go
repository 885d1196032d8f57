package targets

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// elsewhere is an instance that somebody else started: all we have is its control port.
type elsewhere struct {
	name, control string
	size          int64 // of its ledger when the run began; what lies before is of other runs
}

// ledgerTimeout bounds the transfer of one ledger.
const ledgerTimeout = time.Minute

// What a run against a URL can conclude, and what it cannot; said in the report.
const (
	withLedgers = "the instances were started elsewhere and their ledgers fetched: affinity, consistency, duplicated writes and " +
		"skew are judged; outages, drains and CPU are not known here, so no move is excused by them"
	withoutLedgers = "no ledger was fetched (--backend): affinity and skew are judged by the instance that each answer names, " +
		"lost and stale sessions only where our own backends answer; duplicated writes cannot be seen, and outages " +
		"are not known here, so no move is excused by them"
)

// routesOn is m with what is known of a balancer that was not started here.
func routesOn(key string, m results.Mechanism) results.Mechanism {
	if key != "" {
		m.Name, m.Key = key, key
	}
	if key == "none" {
		m.Family = results.NoAffinity
	}
	return m
}

// strangers are the replicas of a balancer that already runs.
func strangers(b profiles.Balancer) (all []*balancer) {
	unknown := results.Mechanism{Name: "unknown", Family: results.Unknown, Key: "unknown", Disruption: "unknown"}
	for n, url := range append([]string{b.URL}, b.Others...) {
		all = append(all, &balancer{replica: profiles.ReplicaName(n, b.Count()), name: "url", mechanism: unknown, url: url})
	}
	return all
}

// meet takes in what is known of a balancer that already runs, and asks each instance behind it for its name and the
// size of its ledger.
func (d *Deployment) meet(ctx context.Context) error {
	lead := d.lead()
	lead.mechanism = routesOn(d.o.Experiment.Balancer.RoutesOn, lead.mechanism)
	lead.notes = []string{withoutLedgers}
	for _, control := range d.o.Experiment.Balancer.Backends {
		e := elsewhere{control: strings.TrimSuffix(control, "/")}
		answer, err := d.ledger(ctx, http.MethodHead, e)
		if err != nil {
			return unavailable{fmt.Errorf("lb.backends: %w", err)}
		}
		answer.Body.Close()
		if e.name, e.size = answer.Header.Get(wire.HeaderInstance), max(0, answer.ContentLength); e.name == "" || answer.Header.Get(wire.HeaderBoot) != "" {
			// Only the traffic port names its boot.
			return unavailable{fmt.Errorf("lb.backends: %s is no control port of ours; give what `stickybench serve backend` prints as control", control)}
		}
		for _, other := range d.elsewhere {
			if other.name == e.name {
				return unavailable{fmt.Errorf("lb.backends: %s and %s are both named %s; give each instance its own name", other.control, e.control, e.name)}
			}
		}
		d.elsewhere = append(d.elsewhere, e)
		lead.notes = []string{withLedgers}
	}
	return nil
}

// ledger asks for the instance's ledger from the run's beginning on. The caller closes the body.
func (d *Deployment) ledger(ctx context.Context, method string, e elsewhere) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, e.control+"/ledger", nil)
	if err != nil {
		return nil, err
	}
	if token := d.o.Experiment.Balancer.Token; token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if e.size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", e.size))
	}
	answer, err := d.control.client.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if why := mending(answer.StatusCode); why != "" {
		answer.Body.Close()
		return nil, fmt.Errorf("%s/ledger: %s; %s", e.control, answer.Status, why)
	}
	return answer, nil
}

// mending says what to do about an answer that is no ledger, "" for one that is. Nothing behind the
// beginning is one too.
func mending(status int) string {
	switch status {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return ""
	case http.StatusUnauthorized:
		return "set STICKYBENCH_BACKEND_TOKEN to its token"
	case http.StatusNotFound:
		return `start it with "ledger": "PATH"`
	}
	return "give what `stickybench serve backend` prints as control"
}

// fetchLedgers puts what the instances wrote since the beginning into the run directory. A ledger that
// cannot be had is a warning: the answers are there.
func (d *Deployment) fetchLedgers(ctx context.Context) {
	for _, e := range d.elsewhere {
		if err := d.fetchLedger(ctx, e); err != nil {
			d.record.warn(fmt.Sprintf("the ledger of %s is missing or not complete: %v", e.name, err))
		}
	}
}

func (d *Deployment) fetchLedger(ctx context.Context, e elsewhere) (err error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	answer, err := d.ledger(ctx, http.MethodGet, e)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	f, err := os.Create(d.o.Dir.ServePath(e.name))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		_, err = io.Copy(f, answer.Body)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
