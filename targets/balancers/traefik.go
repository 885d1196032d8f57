package balancers

import (
	"context"

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
		logs:    traefikParser,
		logNote: "traefik's log counts retries but names the last instance only",
		config:  "traefik.yml",
		version: []string{"version"},
		command: func(p Params) ([]string, error) {
			return append([]string{"--entryPoints.traffic.address=" + p.Listen, "--providers.file.filename=" + p.File("traefik.yml"),
				"--providers.file.watch=true", "--providers.providersThrottleDuration=10ms",
				"--log.filePath=" + p.File("traefik.log"), "--global.checkNewVersion=false", "--global.sendAnonymousUsage=false"}, traefikAccess(p)...), nil
		},
		detection: Health.detection,
		// It watches the file, which has been replaced when this is called.
		reload: func(context.Context, Running) error { return nil },
		Mechanisms: []Mechanism{
			{
				Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: keyCookie, Disruption: none, Agreement: results.Agree, Cookie: markerCookie},
				Marker:    Unsalted, Age: true,
				Notes: []string{"traefik's cookie is an unsalted hash of the instance's URL, and the URL itself is accepted too"},
				text:  traefikConfig("sticky: {cookie: {name: {{.Cookie}}, httpOnly: true, sameSite: lax{{if .Absolute}}{{with .TTL}}, maxAge: {{$.WholeSeconds .}}{{end}}{{end}}}}"),
			},
			{
				Mechanism: results.Mechanism{Name: "hrw", Family: results.MoveAndHome, Key: keyAddress, Disruption: minimal, Random: true, Agreement: results.Agree},
				Marker:    NoMarker, Since: "3.6",
				text: traefikConfig("strategy: hrw"),
			},
		},
	}
}

// traefikAccess asks for the access log; headers are left out of it unless named.
func traefikAccess(p Params) []string {
	if !p.AccessLog {
		return nil
	}
	return []string{"--accessLog.filePath=" + p.AccessFile(), "--accessLog.format=json", "--accessLog.fields.headers.names.Stickybench-Session=keep",
		"--accessLog.fields.headers.names.Stickybench-Seq=keep"}
}

// traefikConfig puts the lines of a mechanism into the watched file. Traefik has no failover without
// checks: a dead instance's sessions get 502 for ever.
func traefikConfig(mechanism string) string {
	return `# written by stickybench; changes are lost
http:
  routers:
    all: {rule: "PathPrefix(` + "`/`" + `)", entryPoints: [traffic], service: be, middlewares: [again]}
  middlewares:
    again: {retry: {attempts: {{.Health.Fall}}, initialInterval: 1ms}}
  services:
    be:
      loadBalancer:
        ` + mechanism + `
        healthCheck: {path: /healthz, interval: {{.Milliseconds .Health.Interval}}, timeout: {{.Milliseconds .Health.Timeout}}}
        servers:
{{- range .Instances}}
          - {url: "http://{{.Address}}"{{if gt .Weight 1}}, weight: {{.Weight}}{{end}}} # {{.Name}}
{{- end}}
`
}
