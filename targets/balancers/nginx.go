package balancers

import (
	"strings"
	"time"

	"github.com/stickybench/stickybench/results"
)

func nginx() Row {
	return Row{
		Name:    "nginx",
		Binary:  "nginx",
		Install: "Debian: apt-get install nginx",
		config:  "nginx.conf",
		version: []string{"-v"},
		command: func(p Params) ([]string, error) {
			return []string{"-p", p.Directory, "-e", p.File("error.log"), "-c", p.File("nginx.conf")}, nil
		},
		detection:  nginxDetection,
		Mechanisms: nginxMechanisms(),
	}
}

// nginxDetection: the checks are passive and a refused request goes to the next upstream at once,
// so what counts is how long a failed instance stays out. fail_timeout knows whole seconds only.
func nginxDetection(h Health) time.Duration {
	whole := (h.FailTimeout() + time.Second - 1).Truncate(time.Second)
	return max(time.Second, whole) + h.Timeout
}

func nginxMechanisms() []Mechanism {
	const firstRequest = "nginx hashes the application's cookie: a session's first request carries none, so all first requests go to one instance and the second may land elsewhere"
	hash := func(name, disruption, directive string, notes ...string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: keyCookie, Disruption: disruption, Random: true},
			Notes:     notes,
			text:      nginxConfig(directive),
		}
	}
	return []Mechanism{
		{
			Mechanism: results.Mechanism{Name: "ip-hash", Family: results.MoveAndHome, Key: keyAddress, Disruption: modulo},
			Notes:     []string{"nginx ip_hash uses only the first three octets of an IPv4 address: users of one /24 share a home; the source addresses of this run are spread over many /24s"},
			text:      nginxConfig("ip_hash;"),
		},
		hash("hash-cookie", modulo, "hash $cookie_SBSESSION;", firstRequest),
		hash("hash-cookie-consistent", minimal, "hash $cookie_SBSESSION consistent;", firstRequest),
		{
			Mechanism: results.Mechanism{Name: "userid", Family: results.MoveAndHome, Key: keyCookie, Disruption: modulo, Random: true},
			text:      nginxConfig("hash $uid_got$uid_set;", "userid on;", "userid_name sbhome;"),
		},
	}
}

// nginxConfig puts the balancing directive into the configuration. One worker, because max_fails
// counts per worker. keepalive must follow the balancing directive.
func nginxConfig(directive string, server ...string) string {
	return `# written by stickybench; changes are lost
daemon off;
worker_processes 1;
{{- with .User}}
user {{.}};
{{- end}}
pid "{{.File "nginx.pid"}}";
error_log "{{.File "error.log"}}" warn;

events {
    worker_connections 8192;
}

http {
    access_log off;
    client_body_temp_path "{{.File "client_body"}}";
    proxy_temp_path "{{.File "proxy"}}";
    fastcgi_temp_path "{{.File "fastcgi"}}";
    uwsgi_temp_path "{{.File "uwsgi"}}";
    scgi_temp_path "{{.File "scgi"}}";
    keepalive_requests 1000000;
    map $http_upgrade $upgrading {
        default upgrade;
        "" "";
    }

    upstream backends {
        ` + directive + `
{{- range .Instances}}
        server {{.Address}} max_fails={{$.Health.Fall}} fail_timeout={{$.Seconds $.Health.FailTimeout}}; # {{.Name}}
{{- end}}
        keepalive 64;
    }

    server {
        listen {{.Listen}} backlog=4096;
` + lines(server) + `        location / {
            proxy_pass http://backends;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $upgrading;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_connect_timeout {{.Milliseconds .Health.Timeout}};
            proxy_next_upstream error timeout;
        }
    }
}
`
}

func lines(directives []string) string {
	var out strings.Builder
	for _, directive := range directives {
		out.WriteString("        " + directive + "\n")
	}
	return out.String()
}
