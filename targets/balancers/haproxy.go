package balancers

import (
	"errors"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// masterSocket is where the master process takes orders: reloads are its business.
const masterSocket = "master.sock"

func haproxy() Row {
	return Row{
		Name:    "haproxy",
		weighs:  profiles.MostWeight,
		limits:  true,
		Binary:  "haproxy",
		told:    true,
		logs:    plain,
		speaks:  true,
		logNote: "haproxy's log counts retries but names the last instance only, and its times are whole milliseconds that add up to the total: its own time is that of its queue",
		Install: "Debian: apt-get install haproxy",
		HTTP2:   true,
		config:  "haproxy.cfg",
		version: []string{"-v"},
		command: func(p Params) ([]string, error) {
			return []string{"-W", "-db", "-S", p.Beside(masterSocket) + ",mode,600", "-f", p.File("haproxy.cfg")}, nil
		},
		detection:  Health.detection,
		drain:      haproxyDrain,
		reload:     haproxyReload,
		point:      haproxyPoint,
		linked:     haproxyLinked,
		Mechanisms: append(haproxyBound(), append(haproxyLearned(), haproxyHashes()...)...),
	}
}

// haproxyBound are the mechanisms that bind a session once and re-bind it once.
func haproxyBound() []Mechanism {
	const lifetime = "{{with .TTL}} {{if $.Absolute}}maxlife{{else}}maxidle{{end}} {{$.Seconds .}}{{end}}"
	bound := func(name, key string, marker Marker, lines ...string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndStay, Key: key, Disruption: none, Agreement: results.Agree},
			Marker:    marker, Choice: true, Idle: true, Age: true,
			text: haproxyConfig(lines...),
		}
	}
	cookie := func(name string, marker Marker, lines ...string) Mechanism {
		m := bound(name, keyCookie, marker, append([]string{"balance {{.Algorithm}}"}, lines...)...)
		m.Cookie = markerCookie
		return m
	}
	table := func(name, key string, lines ...string) Mechanism {
		m := bound(name, key, NoMarker, lines...)
		m.Age, m.refuse, m.Agreement = false, refuseAbsolute, results.Disagree
		return m
	}
	const forgets = "haproxy's stick-table is empty after a reload: every session is placed anew"
	source := table("stick-table", keyAddress, "balance {{.Algorithm}}",
		"stick-table type ip size 1m{{with .TTL}} expire {{$.Milliseconds .}}{{end}}", "stick on src")
	source.ReloadNote = forgets
	header := table("stick-table-header", keyHeader, "balance {{.Algorithm}}",
		"stick-table type string len 64 size 1m{{with .TTL}} expire {{$.Milliseconds .}}{{end}}", "stick on req.hdr("+userHeader+")")
	header.ReloadNote, header.Notes = forgets, []string{noHeader("haproxy spreads them")}
	peers := table("stick-table-peers", keyAddress, "balance {{.Algorithm}}",
		"stick-table type ip size 1m{{with .TTL}} expire {{$.Milliseconds .}}{{end}} peers replicas", "stick on src")
	peers.Agreement = results.Synchronise
	return []Mechanism{
		cookie("cookie", NamesHome, "cookie {{.Cookie}} insert indirect nocache httponly"+lifetime),
		cookie("cookie-dynamic", Signed, "dynamic-cookie-key "+secret, "cookie {{.Cookie}} insert indirect nocache httponly dynamic"+lifetime),
		source, peers, header,
	}
}

// haproxyLearned are the mechanisms that follow a cookie of the application: nobody sets a new one
// when the home fails, so each request is placed anew until it is back.
func haproxyLearned() []Mechanism {
	learned := func(name string, marker Marker, notes []string, lines ...string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.Flap, Key: keyCookie, Disruption: none, Agreement: results.Agree},
			Marker:    marker, Choice: true, Notes: notes,
			text: haproxyConfig(lines...),
		}
	}
	table := learned("stick-table-learned", NoMarker, nil, "balance {{.Algorithm}}",
		"stick-table type string len 64 size 1m{{with .TTL}} expire {{$.Milliseconds .}}{{end}}",
		"stick store-response res.cook(SBSESSION)", "stick match req.cook(SBSESSION)")
	table.Idle, table.refuse, table.Agreement = true, refuseAbsolute, results.Disagree
	table.ReloadNote = "haproxy's stick-table is empty after a reload and learns a session only when the application sets its cookie: bound sessions are spread from then on"
	rewrite := learned("cookie-rewrite", NamesHome,
		[]string{"haproxy's rewrite changes a cookie that the application sets; here the balancer adds it to the answers that open a session, as such an application would"},
		"balance {{.Algorithm}}", `http-response add-header Set-Cookie "{{.Cookie}}=here; Path=/" if { res.cook(SBSESSION) -m found }`, "cookie {{.Cookie}} rewrite nocache")
	rewrite.Cookie = markerCookie
	return []Mechanism{
		learned("cookie-prefix", NamesHome, nil, "balance {{.Algorithm}}", "cookie SBSESSION prefix nocache"),
		rewrite,
		table,
	}
}

// haproxyHashes compute the home of each request.
func haproxyHashes() []Mechanism {
	hash := func(name, key, disruption string, lines ...string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: key, Disruption: disruption, Random: true, Agreement: results.Agree},
			Marker:    NoMarker,
			DrainNote: "haproxy's " + key + " hash re-homes the bound sessions of an instance that is drained",
			text:      haproxyConfig(lines...),
		}
	}
	header := func(name, disruption string, lines ...string) Mechanism {
		m := hash(name, keyHeader, disruption, append([]string{"balance hdr(" + userHeader + ")"}, lines...)...)
		m.Notes = []string{noHeader("haproxy spreads them")}
		return m
	}
	bounded := header("header-bounded", minimal, "hash-type consistent", "hash-balance-factor 150")
	bounded.Notes = append(bounded.Notes, "haproxy's hash-balance-factor sends a request elsewhere when its home has more than 150 % of the average load: affinity gives way to balance, and each replica sees its own load only")
	bounded.Agreement = results.Disagree
	spread := hash("round-robin", none, none, "balance roundrobin")
	spread.Family, spread.Random, spread.DrainNote, spread.Agreement = results.NoAffinity, false, "", ""
	return []Mechanism{
		hash("source", keyAddress, modulo, "balance source", "hash-type map-based"),
		hash("source-consistent", keyAddress, minimal, "balance source", "hash-type consistent"),
		header("header", modulo, "hash-type map-based"),
		header("header-consistent", minimal, "hash-type consistent"),
		bounded,
		spread,
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
// an ordinary user may not raise the number of open files. The peers section lets replicas tell one
// another what they learn, and a process that takes over at a reload learn the tables of the one before;
// all have the same section, and localpeer says who is who (configuration manual, section 3.5). The cookie of a server is its dynamic one where that is asked for.
// A check is HTTP/1.0 without a Host, which nginx passes on as HTTP/1.1 without one: 400.
// Whoever is bound to a full server waits for it; timeout queue, because it is as short as timeout connect unless set.
// Each server has an id of its own for good: a consistent hash places servers by it, and one that haproxy
// gives out itself is the position in the list, so that those after a removed server would all move (its
// configuration manual, "hash-type" and "id").
func haproxyConfig(mechanism ...string) string {
	cookie, peers := " cookie {{.Name}}", ""
	all := strings.Join(mechanism, "\n    ")
	if strings.Contains(all, "dynamic-cookie-key") {
		cookie = ""
	}
	if strings.Contains(all, "peers replicas") {
		peers = "peers replicas\n{{range .Peers}}    peer {{.Name}} {{$.Word (print \"unix@\" .Socket)}}\n{{end}}\n"
	}
	return `# written by stickybench; changes are lost
global
    maxconn 10000
    no strict-limits
    hard-stop-after 30s
    localpeer {{.Name}}
    stats socket {{.Word .Socket}} mode 600 level admin expose-fd listeners

defaults
    mode http
    timeout connect {{.Milliseconds .Health.Timeout}}
    timeout check {{.Milliseconds .Health.Timeout}}
    timeout client 60s
    timeout server 60s
{{- if .MaxConnections}}
    timeout queue 60s
{{- end}}
    retries 3
    option redispatch

` + peers + `frontend traffic
    bind {{.Listen}} backlog 4096{{if .Proxied}} accept-proxy{{end}}
{{- if .Forwarded}}
    http-request set-src hdr(x-forwarded-for)
{{- end}}
{{- if .AccessLog}}
    log stdout len 8192 format raw local0
    http-request set-var(txn.session) req.hdr(Stickybench-Session)
    http-request set-var(txn.seq) req.hdr(Stickybench-Seq)
    log-format '{"end_us":%[date(0,us)],"client":"%ci","method":"%HM","path":%{+Q}HPO,"status":%ST,"took_ms":%Ta,"upstream":"%si:%sp","connect_ms":%Tc,"response_ms":%Tr,"data_ms":%Td,"retries":"%rc","session":"%[var(txn.session)]","seq":"%[var(txn.seq)]"}'
{{- end}}
    default_backend be

backend be
    ` + all + `
    option httpchk GET /healthz
{{- with .CheckHost}}
    http-check send hdr Host {{.}}
{{- end}}
    default-server check inter {{.Milliseconds .Health.Interval}} rise {{.Health.Rise}} fall {{.Health.Fall}}
{{- range .Instances}}
    server {{.Name}} {{.Address}}{{with .ID}} id {{.}}{{end}}` + cookie + `{{if .Draining}} weight 0{{else if gt .Weight 1}} weight {{.Weight}}{{end}}{{with $.MaxConnections}} maxconn {{.}}{{end}}
{{- end}}
`
}

// Word quotes text for a haproxy configuration.
func (Params) Word(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(text) + `"`
}
