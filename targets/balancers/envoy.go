package balancers

import (
	"context"
	"errors"
	"net"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func envoy() Row {
	return Row{
		Name:    "envoy",
		weighs:  profiles.MostWeight,
		told:    true,
		Binary:  "envoy",
		Install: "put the release's envoy on the PATH",
		logs:    plain,
		logNote: "envoy's log counts attempts but names the last instance only, without its time",
		config:  "envoy.yaml",
		watched: file{"endpoints.yaml", envoyEndpoints},
		version: []string{"--version"},
		command: func(p Params) ([]string, error) {
			return []string{"--disable-hot-restart", "--config-path", p.File("envoy.yaml"), "--log-path", p.File("envoy.log"), "--log-level", "warning"}, nil
		},
		detection: Health.detection,
		// It watches the file of its endpoints, which has been replaced when this is called.
		reload:     func(context.Context, Running) error { return nil },
		drain:      func(ctx context.Context, b Running, _ string) error { return b.Reload(ctx) },
		Mechanisms: envoyMechanisms(),
	}
}

func envoyMechanisms() []Mechanism {
	hash := func(name, key, policy string, marker Marker, route string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: key, Disruption: minimal, Random: true, Agreement: results.Agree},
			Marker:    marker,
			DrainNote: "envoy's " + policy + " looks for a home among the endpoints that are not draining: a drain moves bound sessions",
			text:      envoyConfig(policy, route, ""),
		}
	}
	const address, cookie = "hash_policy: [{connection_properties: {source_ip: true}}]", "hash_policy: [{cookie: {name: SBHASH, ttl: 0s, path: /}}]"
	return []Mechanism{
		{
			Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: keyCookie, Disruption: none, Agreement: results.Agree},
			Marker:    NamesHome, Age: true,
			Notes:  []string{"envoy's stateful session cookie holds the instance's address in base64"},
			text:   envoyConfig("{{if eq .Choice \"random\"}}RANDOM{{else if eq .Choice \"least\"}}LEAST_REQUEST{{else}}ROUND_ROBIN{{end}}", "", statefulSession),
			Choice: true, refuse: refuseWeighedRandom,
		},
		hash("ring-hash", keyAddress, "RING_HASH", NoMarker, address),
		hash("ring-hash-cookie", keyCookie, "RING_HASH", Hashed, cookie),
		hash("maglev", keyAddress, "MAGLEV", NoMarker, address),
	}
}

// refuseWeighedRandom: of envoy's policies RANDOM does not look at weights (its documentation, "Supported load
// balancers", describes them for the others only).
func refuseWeighedRandom(p Params) error {
	if p.Choice == "random" && len(p.Weights) > 0 {
		return errors.New("backends.weights: envoy places by weight in turn or by load, not at random; set lb.choice to round-robin or least")
	}
	return nil
}

// statefulSession is the filter that binds by cookie; not strict, so that a dead home is left.
const statefulSession = `
          - name: envoy.filters.http.stateful_session
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSession
              session_state:
                name: envoy.http.stateful_session.cookie
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState
                  cookie: {name: SRV, path: /{{if .Absolute}}{{with .TTL}}, ttl: {{$.Decimal .}}{{end}}{{end}}}`

// envoyConfig puts policy, hash and filter into the configuration; it follows Envoy's documentation. The pool is in a file
// of its own, which Envoy reads again when it is replaced ("Dynamic from filesystem"). A stateful session may keep a home
// that is draining only where override_host_status names that state.
func envoyConfig(policy, hash, filter string) string {
	route := "cluster: be, retry_policy: {retry_on: connect-failure, num_retries: {{.Health.Fall}} }"
	if hash != "" {
		route += ", " + hash
	}
	return `# written by stickybench; changes are lost
node: {id: stickybench, cluster: stickybench}
static_resources:
  listeners:
  - address: {{.SocketAddress .Listen}}
{{- if .Proxied}}
    listener_filters:
    - name: envoy.filters.listener.proxy_protocol
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}
{{- end}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: traffic
          use_remote_address: {{if .Forwarded}}false # the last of X-Forwarded-For is the client{{else}}true{{end}}
{{- if .AccessLog}}
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: {{.JSON .AccessFile}}
              log_format:
                json_format: {start_s: "%START_TIME(%s.%6f)%", client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", method: "%REQ(:METHOD)%", path: "%REQ(:PATH)%", status: "%RESPONSE_CODE%", took_ms: "%DURATION%", upstream: "%UPSTREAM_HOST%", attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", session: "%REQ(STICKYBENCH-SESSION)%", seq: "%REQ(STICKYBENCH-SEQ)%"}
{{- end}}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {` + route + `}
          http_filters:` + filter + `
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: be
    type: EDS
    eds_cluster_config: {eds_config: {resource_api_version: V3, path_config_source: {path: {{.JSON (.File "endpoints.yaml")}}}}}
    common_lb_config: {override_host_status: {statuses: [UNKNOWN, HEALTHY, DEGRADED, DRAINING]}, healthy_panic_threshold: {value: 0}}
    lb_policy: ` + policy + `
    connect_timeout: {{.Decimal .Health.Timeout}}
    health_checks:
    - {timeout: {{.Decimal .Health.Timeout}}, interval: {{.Decimal .Health.Interval}}, healthy_threshold: {{.Health.Rise}}, unhealthy_threshold: {{.Health.Fall}}, http_health_check: {path: /healthz}}
`
}

const envoyEndpoints = `# written by stickybench; changes are lost
resources:
- "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
  cluster_name: be
  endpoints:
  - lb_endpoints:
{{- range .Instances}}
    - {endpoint: {address: {{$.SocketAddress .Address}}}{{if gt .Weight 1}}, load_balancing_weight: {{.Weight}}{{end}}{{if .Draining}}, health_status: DRAINING{{end}}} # {{.Name}}
{{- end}}
`

// SocketAddress writes HOST:PORT as envoy wants it.
func (Params) SocketAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	return "{socket_address: {address: " + host + ", port_value: " + port + "}}", err
}
