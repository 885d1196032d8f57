package balancers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stickybench/stickybench/results"
)

func TestLookupNamesWhatIsKnown(t *testing.T) {
	for use, want := range map[string]string{
		"squid":        `lb.use: "squid" is no known balancer; use one of nginx, haproxy, apache, caddy, nghttpx, traefik, envoy, varnish, lighttpd, exec, or builtin:cookie`,
		"nginx:sticky": `lb.use: nginx has no mechanism "sticky"; use one of nginx:ip-hash, nginx:hash-cookie, nginx:hash-cookie-consistent, nginx:userid, nginx:ip-hash-forwarded, nginx:hash-address, nginx:hash-header, nginx:hash-header-consistent, nginx:round-robin`,
	} {
		if _, _, err := Lookup(use); err == nil || err.Error() != want {
			t.Errorf("Lookup(%q): %v\nwant %s", use, err, want)
		}
	}
}

func TestAbsoluteStickTableIsRefused(t *testing.T) {
	p := sample()
	p.Absolute = true
	if _, err := Render("haproxy:stick-table", p); err == nil {
		t.Error("a stick-table entry cannot expire by age, and nothing said so")
	}
}

func TestMissingProgramSaysHowToGetIt(t *testing.T) {
	row := haproxy()
	row.Binary = "no-such-program"
	const want = "haproxy is not installed: install it (Debian: apt-get install haproxy) or choose --lb builtin:cookie"
	if _, err := row.Path(); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestPromises(t *testing.T) {
	p := sample()
	for use, want := range map[string]results.Mechanism{
		"haproxy:cookie": {Name: "cookie", Family: results.MoveAndStay, Key: "cookie", Disruption: "none",
			TTL: 90 * time.Second, Sliding: true, Detection: 350 * time.Millisecond, Agreement: results.Agree, Cookie: "SRV"},
		"haproxy:source": {Name: "source", Family: results.MoveAndHome, Key: "address", Disruption: "modulo",
			Random: true, Detection: 350 * time.Millisecond, Agreement: results.Agree},
		"nginx:ip-hash": {Name: "ip-hash", Family: results.MoveAndHome, Key: "address", Disruption: "modulo",
			Detection: 2050 * time.Millisecond, Agreement: results.Agree},
		"apache:cookie": {Name: "cookie", Family: results.MoveAndStay, Key: "cookie", Disruption: "none",
			Detection: time.Second, Agreement: results.Agree, Cookie: "ROUTEID"}, // its cookie has no idle expiry
		"caddy:cookie": {Name: "cookie", Family: results.MoveAndStay, Key: "cookie", Disruption: "none", Random: true,
			Detection: 350 * time.Millisecond, Agreement: results.Agree, Cookie: "SRV"},
		"nghttpx:cookie": {Name: "cookie", Family: results.MoveAndStay, Key: "cookie", Disruption: "none", Random: true,
			Detection: 550 * time.Millisecond, Agreement: results.Agree, Cookie: "SRV"},
		"haproxy:cookie-prefix": {Name: "cookie-prefix", Family: results.Flap, Key: "cookie", Disruption: "none",
			Detection: 350 * time.Millisecond, Agreement: results.Agree},
	} {
		row, m, err := Lookup(use)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, row.Promise(m, p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", use, diff)
		}
	}
}

func TestDetectionInWholeSeconds(t *testing.T) {
	for interval, want := range map[time.Duration][2]time.Duration{ // nginx, apache; three failures
		100 * time.Millisecond: {2050 * time.Millisecond, time.Second},
		400 * time.Millisecond: {3050 * time.Millisecond, 2 * time.Second},
		2 * time.Second:        {7050 * time.Millisecond, 6050 * time.Millisecond},
	} {
		h := Health{Interval: interval, Timeout: 50 * time.Millisecond, Rise: 1, Fall: 3}
		if got := [2]time.Duration{nginxDetection(h), apacheDetection(h)}; got != want {
			t.Errorf("every %v: %v, want %v", interval, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		``:                        nil,
		`  `:                      nil,
		`a b`:                     {"a", "b"},
		` a  b `:                  {"a", "b"},
		`a 'b c' d`:               {"a", "b c", "d"},
		`a "b 'c' \"d\"" e\ f`:    {"a", `b 'c' "d"`, "e f"},
		`--x="y z"w ''`:           {"--x=y zw", ""},
		`'back\slash'`:            {`back\slash`},
		`{listen} x,{backends},y`: {"{listen}", "x,{backends},y"},
	} {
		got, err := split(line)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("split(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`a "b`, `a 'b`, `a\`} {
		if _, err := split(line); err == nil {
			t.Errorf("split(%q): no error", line)
		}
	}
}

func TestOlderVersionsLackAMechanism(t *testing.T) {
	row, mechanism, err := Lookup("caddy:client-ip-hash")
	if err != nil {
		t.Fatal(err)
	}
	for version, supported := range map[string]bool{"2.6.2": false, "2.7": true, "2.7.0": true, "2.11.9": true, "3.0": true, "1.9": false} {
		if err := row.Supports(mechanism, version); (err == nil) != supported {
			t.Errorf("version %s: %v, want supported %v", version, err, supported)
		}
	}
}

func TestVersionIsTheDottedNumber(t *testing.T) {
	for out, want := range map[string]string{
		"nginx version: nginx/1.22.1\n":                                                 "1.22.1",
		"HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\n":          "2.6.12",
		"Server version: Apache/2.4.71 (Debian)\nServer built:   2026-11-12T08:58:41\n": "2.4.71",
		"nghttpx nghttp2/1.52.0\n":                                                      "1.52.0",
		"v2.11.9 h1:abc=\n":                                                             "2.11.9",
		"something without a number":                                                    "",
	} {
		if got := version([]byte(out)); got != want {
			t.Errorf("version(%q) = %q, want %q", out, got, want)
		}
	}
}

func TestReplicasThatLearnDoNotAgreeByThemselves(t *testing.T) {
	for use, want := range map[string]results.Agreement{
		"haproxy:stick-table": results.Disagree, "haproxy:stick-table-header": results.Disagree, "haproxy:stick-table-learned": results.Disagree,
		"haproxy:stick-table-peers": results.Synchronise, "haproxy:header-bounded": results.Disagree, "haproxy:round-robin": "",
		"nginx:round-robin": "", "haproxy:source": results.Agree, "caddy:cookie": results.Agree, "exec:x": "",
	} {
		_, m, err := Lookup(use)
		if err != nil || m.Agreement != want {
			t.Errorf("%s: %q, %v; want %q", use, m.Agreement, err, want)
		}
	}
}

func TestWeightsAndLimitsThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []struct {
		use  string
		p    Params
		want string
	}{
		{"caddy:cookie", Params{Weights: []int{1, 4}}, "backends.weights: caddy's affinity mechanisms know no weights; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave them out"},
		{"nghttpx:ip", Params{Weights: []int{1, 4}}, "backends.weights: nghttpx ignores them where affinity is on; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave them out"},
		{"nghttpx:round-robin", Params{Weights: []int{1, 4}}, ""},
		{"apache:cookie", Params{Weights: []int{1, 101}}, "backends.weights: 101; apache takes 1 to 100"},
		{"apache:cookie", Params{Weights: []int{1, 100}}, ""},
		{"varnish:round-robin", Params{Weights: []int{1, 4}}, "backends.weights: varnish's round_robin director knows no weights; use varnish:cookie or varnish:shard-address, or leave them out"},
		{"varnish:cookie", Params{Weights: []int{1, 4}}, ""},
		{"envoy:cookie", Params{Weights: []int{1, 4}, Choice: "random"}, "backends.weights: envoy places by weight in turn or by load, not at random; set lb.choice to round-robin or least"},
		{"envoy:ring-hash", Params{Weights: []int{1, 4}, Choice: "random"}, ""},
		{"exec:x {backends}", Params{Weights: []int{1, 4}}, "backends.weights: {backends} does not carry them; write {{.Weight}} of each of {{.Instances}} into a template (lb.config), or leave them out"},
		{"exec:x {config}", Params{Weights: []int{1, 4}, Templated: true}, ""},
		{"caddy:cookie", Params{MaxConnections: 2}, ""},
		{"apache:cookie", Params{MaxConnections: 2}, "backends.max_connections: apache is not set up here to limit what each instance gets; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave it out"},
		{"exec:x", Params{MaxConnections: 2, Templated: true}, ""},
	} {
		row, m, err := Lookup(c.use)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := row.Refuse(m, c.p); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q\nwant %q", c.use, got, c.want)
		}
	}
}
