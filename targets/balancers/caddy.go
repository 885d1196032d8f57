package balancers

import (
	"context"
	"errors"

	"github.com/stickybench/stickybench/results"
)

func caddy() Row {
	return Row{
		Name:    "caddy",
		limits:  true,
		Binary:  "caddy",
		Install: "Debian: apt-get install caddy, or go install github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9",
		told:    true, toldSince: "2.7",
		logs:    caddyParser,
		config:  "caddy.json",
		version: []string{"version"},
		command: func(p Params) ([]string, error) {
			return []string{"run", "--config", p.File("caddy.json")}, nil
		},
		detection: Health.detection,
		reload: func(ctx context.Context, b Running) error {
			return b.tell(ctx, "reload", "--force", "--config", b.Params.File("caddy.json"), "--address", "unix/"+b.Params.Socket)
		},
		Mechanisms: caddyMechanisms(),
	}
}

func caddyMechanisms() []Mechanism {
	hash := func(name, key, policy string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: key, Disruption: minimal, Random: true, Agreement: results.Agree},
			Marker:    NoMarker,
			text:      caddyConfig(policy, caddyChecks),
		}
	}
	bound := func(name, policy string, marker Marker) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndStay, Key: keyCookie, Disruption: none, Random: true, Agreement: results.Agree, Cookie: markerCookie},
			Marker:    marker,
			text:      caddyConfig(policy, caddyChecks),
		}
	}
	unchecked := bound("cookie-unchecked", "", Signed)
	unchecked.Family, unchecked.text = results.Stuck, caddyConfig(signedCookie, "")
	unchecked.Notes = []string{"caddy as it comes, without health checks and retries: a dead instance keeps its sessions and its share of the new ones"}
	ip := hash("ip-hash", keyAddress, `{"policy": "ip_hash"}`)
	ip.refuse = func(p Params) error {
		if p.Forwarded() {
			return errors.New("load.client_address.via: caddy's ip_hash minds the connection's address only; use caddy:client-ip-hash, or proxy-v2")
		}
		return nil
	}
	client := hash("client-ip-hash", keyAddress, `{"policy": "client_ip_hash"}`)
	client.Since = "2.7"
	header := hash("header-hash", keyHeader, `{"policy": "header", "field": "`+userHeader+`"}`)
	header.Notes = []string{noHeader("caddy spreads them")}
	return []Mechanism{
		bound("cookie", signedCookie, Signed),
		bound("cookie-plain", `{"policy": "cookie", "name": "{{.Cookie}}"}`, Unsalted),
		ip,
		client,
		header,
		unchecked,
	}
}

const signedCookie = `{"policy": "cookie", "name": "{{.Cookie}}", "secret": "` + secret + `"}`

// caddyChecks make caddy leave a dead instance: without retries a refused connection is a 502 until the
// checks notice, without checks for ever. One failed check is enough: 2.6 cannot count them.
const caddyChecks = `,
        "retries": {{.Health.Fall}},
        "try_interval": "1ms"
      },
      "health_checks": {
        "active": {"uri": "/healthz", "interval": "{{.Milliseconds .Health.Interval}}", "timeout": "{{.Milliseconds .Health.Timeout}}"},
        "passive": {"fail_duration": "{{.Milliseconds .Health.FailTimeout}}", "max_fails": 1}`

// caddyConfig puts the selection policy and the checks into the configuration; it is JSON because the
// Caddyfile of 2.6 cannot turn off the copy that Caddy keeps in the user's home.
func caddyConfig(policy, checks string) string {
	return `{
  "admin": {"listen": {{.JSON (print "unix/" .Socket)}}, "config": {"persist": false}},
  "storage": {"module": "file_system", "root": {{.JSON (.File "storage")}}},
  "logging": {"logs": {"default": {"level": "WARN", "writer": {"output": "file", "filename": {{.JSON (.File "caddy.log")}}}}
{{- if .AccessLog}},
    "account": {"level": "DEBUG", "writer": {"output": "file", "filename": {{.JSON .AccessFile}}, "roll": false}, "include": ["http.log.access", "http.handlers.reverse_proxy"]}
{{- end}}}},
  "apps": {"http": {"servers": {"lb": {
    "listen": [{{.JSON .Listen}}],
    "protocols": ["h1", "h2c"],
    "automatic_https": {"disable": true},
{{- if .AccessLog}}
    "logs": {},
{{- end}}
{{- if .Proxied}}
    "listener_wrappers": [{"wrapper": "proxy_protocol", "allow": ["0.0.0.0/0", "::/0"]}],
{{- end}}
{{- if .Forwarded}}
    "trusted_proxies": {"source": "static", "ranges": ["0.0.0.0/0", "::/0"]},
{{- end}}
    "routes": [{"handle": [{
      "handler": "reverse_proxy",
      "upstreams": [
{{- range $n, $i := .Instances}}{{if $n}},{{end}}
        {"dial": {{$.JSON $i.Address}}{{with $.MaxConnections}}, "max_requests": {{.}}{{end}}}
{{- end}}
      ],
      "load_balancing": {
        "selection_policy": ` + policy + checks + `
      },
      "transport": {"protocol": "http", "dial_timeout": "{{.Milliseconds .Health.Timeout}}"}
    }]}]
  }}}}
}
`
}
