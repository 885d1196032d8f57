package balancers

import (
	"context"
	"strings"
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func nginx() Row {
	return Row{
		Name:    "nginx",
		weighs:  profiles.MostWeight,
		limits:  true,
		Binary:  "nginx",
		told:    true,
		logs:    plain,
		logNote: "nginx's log has times in whole milliseconds",
		Install: "Debian: apt-get install nginx",
		config:  "nginx.conf",
		version: []string{"-v"},
		command: func(p Params) ([]string, error) {
			return nginxArguments(p), nil
		},
		detection: nginxDetection,
		reload: func(ctx context.Context, b Running) error {
			return b.tell(ctx, append(nginxArguments(b.Params), "-s", "reload")...)
		},
		Mechanisms: nginxMechanisms(),
	}
}

func nginxArguments(p Params) []string {
	return []string{"-p", p.Directory, "-e", p.File("error.log"), "-c", p.File("nginx.conf")}
}

// nginxDetection: the checks are passive and a refused request goes to the next upstream at once,
// so what counts is how long a failed instance stays out. nginx knows whole seconds only, and tries again when more
// of them than fail_timeout have begun: up to a second later.
func nginxDetection(h Health) time.Duration { return h.wholeSeconds() + time.Second + h.Timeout }

func nginxMechanisms() []Mechanism {
	hash := func(name, key, disruption string, marker Marker, notes []string, directive string, server ...string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: key, Disruption: disruption, Random: true, Agreement: results.Agree},
			Marker:    marker, Notes: notes,
			text: nginxConfig(directive, server...),
		}
	}
	firstRequest := []string{"nginx hashes the application's cookie: a session's first request carries none and is balanced in turn, so the second may land elsewhere"}
	header := []string{noHeader("nginx balances them in turn")}
	addresses := []string{"nginx ip_hash uses only the first three octets of an IPv4 address: users of one /24 share a home; the source addresses of this run are spread over many /24s"}
	ip := hash("ip-hash", keyAddress, modulo, NoMarker, addresses, "ip_hash;")
	forwarded := hash("ip-hash-forwarded", keyAddress, modulo, NoMarker, addresses, "ip_hash;",
		"set_real_ip_from 127.0.0.0/8;", "real_ip_header X-Forwarded-For;")
	ip.Random, forwarded.Random = false, false
	spread := hash("round-robin", none, none, NoMarker, nil, "")
	spread.Family, spread.Random, spread.Agreement = results.NoAffinity, false, ""
	userid := hash("userid", keyCookie, modulo, Hashed, nil, "hash $uid_got$uid_set;", "userid on;", "userid_name {{.Cookie}};")
	userid.Cookie = "sbhome"
	return []Mechanism{
		ip,
		hash("hash-cookie", keyCookie, modulo, NoMarker, firstRequest, "hash $cookie_SBSESSION;"),
		hash("hash-cookie-consistent", keyCookie, minimal, NoMarker, firstRequest, "hash $cookie_SBSESSION consistent;"),
		userid,
		forwarded,
		hash("hash-address", keyAddress, minimal, NoMarker, nil, "hash $remote_addr consistent;"),
		hash("hash-header", keyHeader, modulo, NoMarker, header, "hash $http_x_user;"),
		hash("hash-header-consistent", keyHeader, minimal, NoMarker, header, "hash $http_x_user consistent;"),
		spread,
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
{{- if .AccessLog}}
    log_format account escape=json '{"end_s":$msec,"client":"$remote_addr","method":"$request_method","path":"$uri","status":$status,"took_s":$request_time,"upstream":"$upstream_addr","upstream_status":"$upstream_status","upstream_s":"$upstream_response_time","session":"$http_stickybench_session","seq":"$http_stickybench_seq"}';
    access_log "{{.AccessFile}}" account;
{{- else}}
    access_log off;
{{- end}}
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
` + lines(directive) + `{{- range .Instances}}
        server {{.Address}}{{if gt .Weight 1}} weight={{.Weight}}{{end}}{{with $.MaxConnections}} max_conns={{.}}{{end}} max_fails={{$.Health.Fall}} fail_timeout={{$.Seconds $.Health.FailTimeout}}; # {{.Name}}
{{- end}}
        keepalive 64;
    }

    server {
        listen {{.Listen}}{{if .Proxied}} proxy_protocol{{end}} backlog=4096;
{{- if or .Proxied .Forwarded}}
        set_real_ip_from 0.0.0.0/0;
        real_ip_header {{if .Proxied}}proxy_protocol{{else}}X-Forwarded-For{{end}};
{{- end}}
` + lines(server...) + `        location / {
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

func lines(directives ...string) string {
	var out strings.Builder
	for _, directive := range directives {
		if directive != "" {
			out.WriteString("        " + directive + "\n")
		}
	}
	return out.String()
}
