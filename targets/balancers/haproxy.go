package balancers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/stickybench/stickybench/results"
)

func haproxy() Row {
	return Row{
		Name:    "haproxy",
		Binary:  "haproxy",
		Install: "Debian: apt-get install haproxy",
		HTTP2:   true,
		config:  "haproxy.cfg",
		version: []string{"-v"},
		command: func(p Params) ([]string, error) {
			return []string{"-db", "-f", p.File("haproxy.cfg")}, nil
		},
		detection:  Health.detection,
		drain:      haproxyDrain,
		Mechanisms: haproxyMechanisms(),
	}
}

func haproxyMechanisms() []Mechanism {
	const hashDrain = "haproxy's address hash re-homes the bound sessions of an instance that is drained"
	source := func(name, disruption, hashType string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: keyAddress, Disruption: disruption, Random: true},
			DrainNote: hashDrain,
			text:      haproxyConfig("balance source", "hash-type "+hashType),
		}
	}
	return []Mechanism{
		{
			Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: keyCookie, Disruption: none},
			text: haproxyConfig("balance {{.Algorithm}}",
				"cookie SRV insert indirect nocache httponly{{with .TTL}} {{if $.Absolute}}maxlife{{else}}maxidle{{end}} {{$.Seconds .}}{{end}}"),
		},
		{
			Mechanism: results.Mechanism{Name: "stick-table", Family: results.MoveAndStay, Key: keyAddress, Disruption: none},
			text: haproxyConfig("balance {{.Algorithm}}",
				"stick-table type ip size 1m{{with .TTL}} expire {{$.Milliseconds .}}{{end}}", "stick on src"),
			refuse: refuseAbsolute,
		},
		source("source", modulo, "map-based"),
		source("source-consistent", minimal, "consistent"),
	}
}

func refuseAbsolute(p Params) error {
	if p.Absolute && p.TTL > 0 {
		return errors.New("lb.absolute: a haproxy stick-table entry always expires by idle time; remove lb.absolute or use haproxy:cookie")
	}
	return nil
}

// Algorithm is how haproxy places unbound sessions.
func (p Params) Algorithm() string {
	switch p.Choice {
	case "random":
		return "random(1)" // one draw: without it haproxy draws two and takes the less loaded
	case "least":
		return "leastconn"
	default:
		return "roundrobin"
	}
}

// haproxyConfig puts the lines of a mechanism into the configuration. no strict-limits, because
// an ordinary user may not raise the number of open files.
func haproxyConfig(mechanism ...string) string {
	return `# written by stickybench; changes are lost
global
    maxconn 10000
    no strict-limits
    stats socket {{.Word .Socket}} mode 600 level admin

defaults
    mode http
    timeout connect {{.Milliseconds .Health.Timeout}}
    timeout check {{.Milliseconds .Health.Timeout}}
    timeout client 60s
    timeout server 60s
    retries 3
    option redispatch

frontend traffic
    bind {{.Listen}} backlog 4096
    default_backend be

backend be
    ` + strings.Join(mechanism, "\n    ") + `
    option httpchk GET /healthz
    default-server check inter {{.Milliseconds .Health.Interval}} rise {{.Health.Rise}} fall {{.Health.Fall}}
{{- range .Instances}}
    server {{.Name}} {{.Address}} cookie {{.Name}}
{{- end}}
`
}

// Word quotes text for a haproxy configuration.
func (Params) Word(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(text) + `"`
}

func haproxyDrain(ctx context.Context, p Params, instance string, draining bool) error {
	state := "ready"
	if draining {
		state = "drain"
	}
	answer, err := haproxyOrder(ctx, p.Socket, fmt.Sprintf("set server be/%s state %s\n", instance, state))
	if err != nil {
		return err
	}
	if answer != "" {
		return errors.New(answer)
	}
	return nil
}

// orderTimeout bounds one exchange on the admin socket.
const orderTimeout = 5 * time.Second

func haproxyOrder(ctx context.Context, socket, order string) (string, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(orderTimeout)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, order); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return strings.TrimSpace(string(answer)), err
}
