package balancers

import (
	"context"
	"strings"

	"github.com/stickybench/stickybench/results"
)

func apache() Row {
	return Row{
		Name:    "apache",
		weighs:  100, // mod_proxy: loadfactor "is a number between 1 and 100"
		Binary:  "apache2",
		Install: "Debian: apt-get install apache2",
		told:    true,
		logs:    plain,
		logNote: "apache's log names the last instance only: neither retries nor the time of an instance are in it",
		config:  "httpd.conf",
		leaves:  apachePID, // its process lives on for Apache while nobody has reaped it, or once the number is used again
		version: []string{"-v"},
		command: func(p Params) ([]string, error) {
			return append(apacheArguments(p), "-DFOREGROUND"), nil
		},
		detection:  apacheDetection,
		drain:      func(ctx context.Context, b Running, _ string) error { return b.Reload(ctx) },
		reload:     apacheReload,
		Mechanisms: apacheMechanisms(),
	}
}

const apachePID = "httpd.pid"

func apacheArguments(p Params) []string {
	return []string{"-d", p.Directory, "-f", p.File("httpd.conf")}
}

func apacheMechanisms() []Mechanism {
	return []Mechanism{
		{
			Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: keyCookie, Disruption: none, Agreement: results.Agree, Cookie: "ROUTEID"},
			Marker:    NamesHome, Age: true,
			text: apacheConfig("{{.Cookie}}",
				`Header add Set-Cookie "{{.Cookie}}=.%{BALANCER_WORKER_ROUTE}e; Path=/; HttpOnly{{if .Absolute}}{{with .TTL}}; Max-Age={{$.WholeSeconds .}}{{end}}{{end}}" env=BALANCER_ROUTE_CHANGED`),
		},
		{
			// The balancer looks at SBSTICKY, because an application behind it gets its own cookie without the route.
			Mechanism: results.Mechanism{Name: "app-cookie", Family: results.Flap, Key: keyCookie, Disruption: none, Agreement: results.Agree},
			Marker:    NamesHome,
			text: apacheConfig("SBSTICKY",
				`Header edit Set-Cookie "^(SBSESSION=[^;]*)" "$1.%{BALANCER_WORKER_ROUTE}e"`,
				`RequestHeader edit Cookie "SBSESSION=([^;.]*)(\\.[^;]*)" "SBSESSION=$1; SBSTICKY=$1$2"`),
		},
	}
}

// apacheConfig puts the sticky cookie's name and the directives that make it into the configuration. Whoever says where a
// client's address stands is believed, from everywhere: the two halves stand for all, as Apache takes no network of length 0.
// Apache refuses to let root serve, so its workers become nobody, who needs no file of ours. retry
// keeps an instance out after a refused connection, as long as checks take to find it failed; with 0
// each attempt of a request may go to the same dead instance.
func apacheConfig(sticky string, directives ...string) string {
	return `# written by stickybench; changes are lost
ServerRoot "{{.Directory}}"
DefaultRuntimeDir "{{.Directory}}"
PidFile "{{.File "` + apachePID + `"}}"
ErrorLog "{{.File "error.log"}}"
LogLevel warn
ServerName stickybench
{{- with .User}}
User "#65534"
Group "#65534"
{{- end}}
` + apacheModules() + `
Listen {{.Listen}}
ListenBacklog 4096
Protocols h2c http/1.1
ThreadsPerChild 64
MaxRequestWorkers 1024
ServerLimit 16
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
GracefulShutdownTimeout 30
{{- if .Proxied}}
LoadModule remoteip_module ` + modules + `/mod_remoteip.so
RemoteIPProxyProtocol On
{{- end}}
{{- if .Forwarded}}
LoadModule remoteip_module ` + modules + `/mod_remoteip.so
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1
{{- end}}
{{- if .AccessLog}}
LogFormat "{\"end_us\":%{end:usec}t,\"client\":\"%a\",\"method\":\"%m\",\"path\":\"%U\",\"status\":%>s,\"took_us\":%D,\"upstream\":\"%{BALANCER_WORKER_NAME}e\",\"session\":\"%{Stickybench-Session}i\",\"seq\":\"%{Stickybench-Seq}i\"}" account
CustomLog "{{.AccessFile}}" account
{{- end}}

<Proxy "balancer://be">
{{- range .Instances}}
    BalancerMember "http://{{.Address}}" route={{.Name}} retry={{$.WholeSeconds $.Health.FailTimeout}} connectiontimeout={{$.Milliseconds $.Health.Timeout}} hcmethod=GET hcuri=/healthz hcinterval={{$.AtLeast "100ms" $.Health.Interval}} hcpasses={{$.Health.Rise}} hcfails={{$.Health.Fall}} upgrade=websocket{{if gt .Weight 1}} loadfactor={{.Weight}}{{end}}{{if .Draining}} status=+N{{end}}
{{- end}}
    ProxySet lbmethod={{if eq .Choice "least"}}bybusyness{{else}}byrequests{{end}} stickysession=` + sticky + `
</Proxy>
ProxyPass "/" "balancer://be/"
` + strings.Join(directives, "\n") + `
`
}

// modules is where Debian puts them.
const modules = "/usr/lib/apache2/modules"

// apacheModules loads what the configuration uses always.
func apacheModules() string {
	var out strings.Builder
	for _, name := range []string{"mpm_event", "authz_core", "headers", "slotmem_shm", "proxy", "proxy_http",
		"proxy_balancer", "proxy_hcheck", "lbmethod_byrequests", "lbmethod_bybusyness", "http2"} {
		out.WriteString("LoadModule " + name + "_module " + modules + "/mod_" + name + ".so\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}
