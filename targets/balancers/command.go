package balancers

import (
	"errors"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// What routing depends on, and what a pool change does to live sessions; see results.Mechanism.
const (
	keyCookie  = "cookie"
	keyAddress = "address"
	keyHeader  = "header"
	unknown    = "unknown"

	none    = "none"
	minimal = "minimal"
	modulo  = "modulo"
)

// markerCookie is how balancers that let one choose call their marker unless told otherwise.
const markerCookie = "SRV"

// userHeader is the request header that header mechanisms route on.
const userHeader = profiles.UserHeader

// secret keys the markers of balancers that sign them; it need not be secret between us.
const secret = "stickybench"

// noHeader is the note of a mechanism that routes on userHeader.
func noHeader(fate string) string {
	return "routes on the request header " + userHeader + "; requests without it: " + fate
}

// command is the row for any other program: "exec:CMD {listen} {backends} {config}".
func command() Row {
	return Row{
		Name:      "exec",
		HTTP2:     true, // for all we know
		command:   expand,
		config:    "balancer.conf",
		detection: Health.detection,
		Mechanisms: []Mechanism{{
			Mechanism: results.Mechanism{Name: "exec", Family: results.Unknown, Key: unknown, Disruption: unknown},
		}},
	}
}

// expand splits the command line and fills in its places. An argument that is {backends} alone
// becomes one argument per instance; inside a longer argument they are joined by commas.
func expand(p Params) ([]string, error) {
	words, err := split(p.Command)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errors.New(`lb.use: exec names no command; write "exec:CMD {listen} {backends}"`)
	}
	var argv []string
	for _, word := range words {
		if word == "{backends}" {
			argv = append(argv, p.addresses()...)
			continue
		}
		argv = append(argv, p.fill(word))
	}
	return argv, nil
}

func (p Params) fill(word string) string {
	return strings.NewReplacer(
		"{listen}", p.Listen,
		"{backends}", strings.Join(p.addresses(), ","),
		"{config}", p.File("balancer.conf"),
	).Replace(word)
}

func (p Params) addresses() []string {
	all := make([]string, len(p.Instances))
	for i, instance := range p.Instances {
		all[i] = instance.Address
	}
	return all
}
