package balancers

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// traefik takes its static settings as arguments and watches the file with everything else.
func traefik() Row {
	return Row{
		Name:    "traefik",
		weighs:  profiles.MostWeight,
		Binary:  "traefik",
		Install: "put the release's traefik on the PATH",
		HTTP2:   true,
		told:    true,
		logs:    traefikParser,
		logNote: "traefik's log names the last instance only, and its RetryAttempts stays 0 (seen with 3.6)",
		config:  "traefik.yml",
		version: []string{"version"},
		command: func(p Params) ([]string, error) {
			return append([]string{"--entryPoints.traffic.address=" + p.Listen, "--providers.file.filename=" + p.File("traefik.yml"),
				"--providers.file.watch=true", "--providers.rest=true", "--providers.providersThrottleDuration=10ms",
				"--log.filePath=" + p.File("traefik.log"), "--global.checkNewVersion=false", "--global.sendAnonymousUsage=false"}, traefikAsked(p)...), nil
		},
		detection:  func(h Health) time.Duration { return h.Interval + h.Timeout }, // it counts to one
		drain:      func(ctx context.Context, b Running, _ string) error { return traefikFence(ctx, b) },
		reload:     traefikReload,
		Mechanisms: traefikMechanisms(),
	}
}

func traefikMechanisms() []Mechanism {
	cookie := Mechanism{
		Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: keyCookie, Disruption: none, Agreement: results.Agree},
		Marker:    Unsalted, Age: true,
		Notes: []string{"traefik's cookie is an unsalted hash of the instance's URL, and the URL itself is accepted too"},
	}
	unchecked := cookie
	unchecked.Name, unchecked.Family = "cookie-unchecked", results.Stuck
	unchecked.Notes = append(unchecked.Notes[:1:1], "traefik as it comes, without health checks: a dead instance keeps its sessions and its share of the new ones")
	hrw := Mechanism{
		Mechanism: results.Mechanism{Name: "hrw", Family: results.MoveAndHome, Key: keyAddress, Disruption: minimal, Random: true, Agreement: results.Agree},
		Marker:    NoMarker, Since: "3.6",
		DrainNote: "traefik's hrw looks for a home among the instances that are not fenced: a drain moves bound sessions",
		refuse: func(p Params) error {
			if p.Forwarded() {
				return errors.New("load.client_address.via: traefik's hrw minds the connection's address only; use source or proxy-v2")
			}
			return nil
		},
	}
	all := []Mechanism{cookie, hrw, unchecked}
	for i, m := range all {
		all[i].text = "# written by stickybench; changes are lost\n" + traefikConfig(m, 1, "")
	}
	return all
}

// traefikPolicy is what makes the mechanism: how homes are found, and the checks that let traefik leave a dead one.
func traefikPolicy(m Mechanism) string {
	const (
		cookie = `"sticky": {"cookie": {"name": "SRV", "httpOnly": true, "sameSite": "lax"{{if .Absolute}}{{with .TTL}}, "maxAge": {{$.WholeSeconds .}}{{end}}{{end}}}}`
		checks = `,
    "healthCheck": {"path": "/healthz", "interval": "{{.Milliseconds .Health.Interval}}", "timeout": "{{.Milliseconds .Health.Timeout}}"}`
	)
	switch {
	case m.Family == results.Stuck:
		return cookie
	case m.Key == keyAddress:
		return `"strategy": "hrw"` + checks
	}
	return cookie + checks
}

// traefikConfig is written in the part of YAML that is JSON as well: the watched file and what is put to the REST
// provider differ in rank, and in the fences, which only the latter takes. "attempts" count the first one.
func traefikConfig(m Mechanism, priority int, fences string) string {
	return `{"http": {
  "routers": {
    "all": {"rule": "PathPrefix(` + "`/`" + `)", "priority": ` + strconv.Itoa(priority) + `, "entryPoints": ["traffic"], "service": "be", "middlewares": ["again"]},
    "orders": {"rule": "Path(` + "`" + traefikOrders + "`" + `) && Method(` + "`PUT`" + `)", "priority": 9, "entryPoints": ["traffic"], "service": "rest@internal"}
  },
  "middlewares": {"again": {"retry": {"attempts": {{.Health.Attempts}}, "initialInterval": "1ms"}}},
  "services": {"be": {"loadBalancer": {
    ` + traefikPolicy(m) + `,
    "servers": [
{{- range $n, $i := .Instances}}{{if $n}},{{end}}
      {"url": "http://{{$i.Address}}"{{if gt $i.Weight 1}}, "weight": {{$i.Weight}}{{end}}` + fences + `}
{{- end}}
    ]
  }}}
}}
`
}

// traefikAsked are the static settings that hold only when they are asked for. Headers are left out of the access log
// unless named.
func traefikAsked(p Params) (args []string) {
	if p.AccessLog {
		args = append(args, "--accessLog.filePath="+p.AccessFile(), "--accessLog.format=json", "--accessLog.fields.headers.names.Stickybench-Session=keep",
			"--accessLog.fields.headers.names.Stickybench-Seq=keep")
	}
	if p.Proxied() {
		args = append(args, "--entryPoints.traffic.proxyProtocol.insecure=true")
	}
	if p.Forwarded() {
		args = append(args, "--entryPoints.traffic.forwardedHeaders.insecure=true")
	}
	return args
}
