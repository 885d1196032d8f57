package balancers

import (
	"context"
	"errors"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func varnish() Row {
	return Row{
		Name:    "varnish",
		weighs:  profiles.MostWeight,
		limits:  true,
		Binary:  "varnishd",
		told:    true,
		Install: "Debian: apt-get install varnish varnish-modules", // of which the cookie needs the latter
		HTTP2:   true,
		config:  varnishFile,
		version: []string{"-V"},
		command: func(p Params) ([]string, error) {
			return varnishArguments(p), nil
		},
		detection:  Health.detection,
		drain:      func(ctx context.Context, b Running, _ string) error { return b.Reload(ctx) },
		reload:     varnishReload,
		Mechanisms: varnishMechanisms(),
	}
}

// What lies below Params.Directory: the configuration, and where varnish compiles it and keeps its shared memory.
const varnishFile, varnishWork = "default.vcl", "varnish"

// varnishArguments are its settings that are no VCL. Without a jail it is whoever started it, root too. Unless told, it closes idle
// connections after 5 s, its log, which nobody reads, takes 80 MB, and the C compiler optimises the VCL, which makes a start
// and a reload take four times as long.
func varnishArguments(p Params) []string {
	listen := p.Listen + ",HTTP"
	if p.Proxied() {
		listen = p.Listen + ",PROXY"
	}
	return []string{"-F", "-j", "none", "-n", p.File(varnishWork), "-f", p.File(varnishFile), "-a", listen, "-T", "127.0.0.1:0", "-p", "feature=+http2",
		"-p", "timeout_idle=60", "-p", "listen_depth=4096", "-p", "vsl_space=1M", "-p", "vcc_err_unref=off",
		"-p", "cc_command=exec cc -fpic -pthread -shared -o %o %s"}
}

func varnishMechanisms() []Mechanism {
	hash := func(name, key, disruption string, v vcl, notes ...string) Mechanism {
		return Mechanism{
			Mechanism: results.Mechanism{Name: name, Family: results.MoveAndHome, Key: key, Disruption: disruption, Agreement: results.Agree},
			Marker:    NoMarker, Notes: append([]string{varnishRetries}, notes...),
			DrainNote: "varnish computes a home among the backends that its director has: a drain takes one away and moves its bound sessions",
			text:      v.config(),
		}
	}
	header := vcl{choose: ifSent("req.http."+userHeader, "req.http."+userHeader)}
	cookie := vcl{imports: "import cookie;", choose: "cookie.parse(req.http.Cookie);\n    " + ifSent(`cookie.isset("SBSESSION")`, `cookie.get("SBSESSION")`)}
	pieces := vcl{
		directors: "new pieces = directors.hash();",
		member:    "pieces.add_backend({{.Name}}, {{or .Weight 1}}.0);",
		choose:    "set req.backend_hint = pieces.backend(client.identity);",
	}
	divided := hash("hash-address", keyAddress, modulo, pieces,
		"varnish's hash director divides the hashes among the backends that are healthy: when one fails, and when it is back, some sessions of the others move too")
	divided.Random = true
	spread := hash("round-robin", none, none, vcl{choose: turnHome})
	spread.Family, spread.Agreement, spread.DrainNote, spread.refuse = results.NoAffinity, "", "", refuseWeighedTurn
	return []Mechanism{
		hash("shard-address", keyAddress, minimal, vcl{choose: shardHome}),
		hash("shard-header", keyHeader, minimal, header, noHeader("varnish balances them in turn")),
		hash("shard-cookie", keyCookie, minimal, cookie,
			"varnish hashes the application's cookie: a session's first request carries none and is balanced in turn, so the second may land elsewhere"),
		divided,
		varnishCookie(),
		spread,
	}
}

// varnishRetries: VCL hears of a refused connection and of a lost answer as one and the same failed fetch.
const varnishRetries = "varnish cannot tell a refused connection from a lost answer, so only GET and HEAD are tried again elsewhere: until the checks notice a dead home, a POST to it fails"

// Where a request goes that is hashed, and one that has nothing to hash.
const (
	shardHome = "set req.backend_hint = shards.backend(by = KEY, key = shards.key(client.identity));"
	turnHome  = "set req.backend_hint = turn.backend();"
)

// ifSent hashes the value of the requests that have it.
func ifSent(has, value string) string {
	return turnHome + "\n    if (" + has + ") {\n        set client.identity = " + value + ";\n        " + shardHome + "\n    }"
}

// varnishCookie is the recipe of Varnish's users: VCL writes the backend's name into a cookie, and reads it.
func varnishCookie() Mechanism {
	return Mechanism{
		Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: keyCookie, Disruption: none, Random: true, Agreement: results.Agree, Cookie: markerCookie},
		Marker:    NamesHome, Age: true, Notes: []string{varnishRetries, "varnish pipes a WebSocket: the answer that opens one carries no marker, and one to a dead home that the checks have not noticed is closed without an answer"},
		text: vcl{
			imports:   "import header;\nimport std;",
			directors: "new draw = directors.random();",
			member:    "draw.add_backend({{.Name}}, {{or .Weight 1}}.0);",
			choose: `set req.backend_hint = draw.backend();
{{- range .Instances}}
    if (req.http.Cookie ~ "(^|; *){{$.Cookie}}={{.Name}} *(;|$)" && std.healthy({{.Name}})) {
        set req.backend_hint = {{.Name}};
    }
{{- end}}`,
			more: `
sub vcl_backend_response {
    set beresp.http.Stickybench-Home = beresp.backend.name;
}

sub vcl_deliver {
    if (resp.http.Stickybench-Home && resp.http.Stickybench-Home != "" + req.backend_hint) {
        header.append(resp.http.Set-Cookie, "{{.Cookie}}=" + resp.http.Stickybench-Home + "; Path=/; HttpOnly{{if .Absolute}}{{with .TTL}}; Max-Age={{$.WholeSeconds .}}{{end}}{{end}}");
    }
    unset resp.http.Stickybench-Home;
}
`,
		}.config(),
	}
}

// refuseWeighedTurn: vmod_directors(3) has weights for its other directors.
func refuseWeighedTurn(p Params) error {
	if len(p.Weights) > 0 {
		return errors.New("backends.weights: varnish's round_robin director knows no weights; use varnish:cookie or varnish:shard-address, or leave them out")
	}
	return nil
}

// vcl is what differs between the mechanisms; member is for each backend.
type vcl struct{ imports, directors, member, choose, more string }

// config is the whole of it. Nothing is kept: every request is passed. Whatever is hashed is client.identity, which is the address of
// the client unless told otherwise: the last of X-Forwarded-For as it came, for varnish has put the connection's behind it. The
// window and the threshold of a probe let a backend fall after so many failures and rise after so many successes; at the start,
// and after a reload, all are healthy, as otherwise the first requests would find only those that have been checked. Every further
// try is for the next backend on the ring (vmod_directors(3), "alt"), which for the shards is where the session belongs anyway once
// the checks have noticed, and for the others may be the dead one once more. With "healthy = ALL" that would be one further as soon
// as they have.
func (v vcl) config() string {
	if strings.Contains(v.choose, "turn.") {
		v.directors += "new turn = directors.round_robin();"
		v.member += "turn.add_backend({{.Name}});"
	}
	return `# written by stickybench; changes are lost
vcl 4.1;

import directors;
` + line("", v.imports) + `
probe check {
    .url = "/healthz";
    .interval = {{.Milliseconds .Health.Interval}};
    .timeout = {{.Milliseconds .Health.Timeout}};
    .window = {{.Health.Window}};
    .threshold = {{.Health.Rise}};
    .initial = {{.Health.Rise}};
}
{{range .Instances}}
backend {{.Name}} {
    .host = "{{.Address}}";
    .connect_timeout = {{$.Milliseconds $.Health.Timeout}};
{{- with $.MaxConnections}}
    .max_connections = {{.}};
{{- end}}
    .probe = check;
}
{{end}}
sub vcl_init {
    new shards = directors.shard();
` + line("    ", v.directors) + `{{- range .Instances}}{{if not .Draining}}
    shards.add_backend({{.Name}}{{if gt .Weight 1}}, weight = {{.Weight}}{{end}});
` + line("    ", v.member) + `{{- end}}{{end}}
}

sub vcl_recv {
{{- if .Forwarded}}
    set req.http.X-Forwarded-For = regsub(req.http.X-Forwarded-For, ", *[^,]*$", "");
    set client.identity = regsub(req.http.X-Forwarded-For, "^.*, *", "");
{{- end}}
    ` + v.choose + `
    if (req.http.Upgrade ~ "(?i)^websocket$") {
        return (pipe);
    }
    return (pass);
}

sub vcl_pipe {
    set bereq.http.Upgrade = req.http.Upgrade;
    set bereq.http.Connection = req.http.Connection;
}

sub vcl_backend_error {
    if (bereq.retries < {{.Health.Attempts}} && bereq.method ~ "^(GET|HEAD)$") {
        set bereq.backend = shards.backend(by = KEY, key = shards.key(client.identity), alt = bereq.retries + 1, healthy = CHOSEN);
        return (retry);
    }
}
` + v.more
}

// line is text as one of its own, if there is any.
func line(indent, text string) string {
	if text == "" {
		return ""
	}
	return indent + strings.TrimSuffix(text, "\n") + "\n"
}

// Window is how many checks count, where so many of them that succeed make and keep an instance healthy as Rise says.
func (h Health) Window() int { return h.Rise + h.Fall - 1 }
