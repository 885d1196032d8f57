package balancers

import (
	"errors"
	"strings"
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func nghttpx() Row {
	return Row{
		Name:    "nghttpx",
		weighs:  profiles.MostWeight, // its manual, --backend: weight "must be [1, 256] inclusive"
		Binary:  "nghttpx",
		Install: "Debian: apt-get install nghttp2-proxy",
		HTTP2:   true,
		told:    true,
		logs:    plain,
		logNote: "nghttpx's log names the last instance only, and its times of the day are those at which the first request of the second came",
		config:  "nghttpx.conf",
		leaves:  nghttpxPID, // read by a reload that comes before the next process has written its own
		version: []string{"--version"},
		command: func(p Params) ([]string, error) {
			return []string{"--conf=" + p.File("nghttpx.conf")}, nil
		},
		detection:  nghttpxDetection,
		reload:     nghttpxReload,
		Mechanisms: nghttpxMechanisms(),
	}
}

const nghttpxPID = "nghttpx.pid"

// nghttpxDetection: a refused request goes elsewhere at once, so what counts is how long a failed instance stays out. From
// then on its connections are tried after pauses that the configuration ends with one interval, as often as it has to rise.
func nghttpxDetection(h Health) time.Duration {
	return h.FailTimeout() + h.Interval*time.Duration(h.Rise) + h.Timeout
}

// nghttpxMechanisms: whatever the mechanism, a home is looked for on a ring with 160 points for each instance (shrpx_config.cc,
// compute_affinity_hash), and where it cannot be connected to, the next on the ring takes its place.
func nghttpxMechanisms() []Mechanism {
	hash := func(name, key string, marker Marker, affinity string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: key, Disruption: minimal, Random: true, Agreement: results.Agree},
			Marker:    marker, refuse: refuseIgnoredWeights,
			Notes: []string{"nghttpx's checks are connections: an instance that takes them and then hangs, resets or answers 503 keeps its sessions"},
			text:  nghttpxConfig(affinity),
		}
	}
	const marked = ";affinity=cookie;affinity-cookie-name={{$.Cookie}};affinity-cookie-path=/;affinity-cookie-stickiness="
	strict := hash("cookie", keyCookie, Unsalted, marked+"strict")
	strict.Family, strict.Disruption, strict.Cookie = results.MoveAndStay, none, markerCookie
	strict.Notes = append(strict.Notes,
		"nghttpx's strict cookie is a hash of the instance's address without a key",
		"nghttpx looks for a new home by the hash in the cookie, which names the old one: all sessions of a failed instance go to the same other one")
	loose := hash("cookie-loose", keyCookie, Hashed, marked+"loose")
	loose.Cookie = markerCookie
	ip := hash("ip", keyAddress, NoMarker, ";affinity=ip")
	ip.refuse = func(p Params) error {
		if p.Forwarded() {
			return errors.New("load.client_address.via: nghttpx's affinity=ip minds the connection's address only; use source or proxy-v2")
		}
		return refuseIgnoredWeights(p)
	}
	spread := hash("round-robin", none, NoMarker, "{{if gt .Weight 1}};weight={{.Weight}}{{end}}")
	spread.Family, spread.Random, spread.Disruption, spread.Agreement, spread.refuse, spread.Notes = results.NoAffinity, false, none, "", nil, nil
	return []Mechanism{strict, loose, ip, spread}
}

// refuseIgnoredWeights: nghttpx's manual, --backend: "weight is ignored if session affinity is enabled".
func refuseIgnoredWeights(p Params) error {
	if len(p.Weights) > 0 {
		return errors.New("backends.weights: nghttpx ignores them where affinity is on; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave them out")
	}
	return nil
}

// nghttpxConfig puts the affinity into the configuration. One worker, because each has its own view of who is up. Pauses
// between two tries of a dead instance grow up to two minutes unless backend-max-backoff ends them. The cookie's path
// is written because without one a client sends it to its first page's directory only. The second frontend is the API,
// which tells when a new configuration is in force.
func nghttpxConfig(affinity string) string {
	return strings.ReplaceAll(`# written by stickybench; changes are lost
frontend={{.Comma .Listen}};no-tls{{if .Proxied}};proxyproto{{end}}
frontend=unix:{{.Socket}};no-tls;api
workers=1
pid-file={{.File "PIDFILE"}}
errorlog-file={{.File "error.log"}}
{{- if .AccessLog}}
accesslog-file={{.AccessFile}}
accesslog-format={"start":"$time_iso8601","client":"{{if .Forwarded}}$http_x_forwarded_for{{else}}$remote_addr{{end}}","method":"$method","path":"$path_without_query","status":$status,"took_s":$request_time,"upstream":"$backend_host:$backend_port","session":"$http_stickybench_session","seq":"$http_stickybench_seq"}
{{- end}}
{{- if not .Forwarded}}
strip-incoming-x-forwarded-for=yes
add-x-forwarded-for=yes
{{- end}}
backend-connect-timeout={{.Milliseconds .Health.Timeout}}
backend-max-backoff={{.Milliseconds .Health.Interval}}
{{- range .Instances}}
backend={{$.Comma .Address}};;proto=http/1.1;fall={{$.Health.Fall}};rise={{$.Health.Rise}}`, "PIDFILE", nghttpxPID) + affinity + `
{{- end}}
`
}
