package targets

import (
	"context"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
	"github.com/stickybench/stickybench/targets/lb"
)

// Offer is one balancer and mechanism that an experiment can name.
type Offer struct {
	Use       string // "haproxy:cookie"
	Mechanism results.Mechanism
	Installed string // version found here, "built in", "your own", or how to install it
}

// Available lists every balancer and mechanism.
func Available(ctx context.Context) []Offer {
	var all []Offer
	for _, m := range lb.Mechanisms() {
		all = append(all, Offer{builtin + ":" + m.Name, m, "built in"})
	}
	for _, row := range balancers.List() {
		installed := installation(ctx, row)
		for _, m := range row.Mechanisms {
			all = append(all, Offer{row.Name + ":" + m.Name, m.Mechanism, installed})
		}
	}
	return all
}

func installation(ctx context.Context, row balancers.Row) string {
	if row.Binary == "" {
		return "your own"
	}
	version, err := row.Version(ctx)
	if err != nil {
		return "no (" + row.Install + ")"
	}
	return version
}

// Where Config puts what only a run decides.
const (
	previewListen = "127.0.0.1:8080"
	previewPort   = 9001
)

// Config is the configuration that a run of e would use, with example ports and paths.
func Config(e *profiles.Experiment) (string, error) {
	if err := Check(e); err != nil {
		return "", err
	}
	var instances []balancers.Instance
	for n := range e.Backends.Count {
		instances = append(instances, balancers.Instance{Name: profiles.InstanceName(n), Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(previewPort+n))})
	}
	if name, mechanism, _ := strings.Cut(e.Balancer.Use, ":"); name == builtin {
		text, err := json.MarshalIndent(builtinOptions(e, builtinMechanism(mechanism), previewListen, instances), "", "  ")
		return string(text) + "\n", err
	}
	row, _, err := balancers.Lookup(e.Balancer.Use)
	if err != nil {
		return "", err
	}
	p := paramsOf(e, row)
	p.Listen, p.Instances, p.Directory, p.Socket = previewListen, instances, "RUN_DIR/lb", "RUN_DIR/lb/admin.sock"
	return balancers.Render(e.Balancer.Use, p)
}
