package balancers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stickybench/stickybench/results"
)

func TestLookupNamesWhatIsKnown(t *testing.T) {
	for use, want := range map[string]string{
		"squid":        `lb.use: "squid" is no known balancer; use one of nginx, haproxy, exec, or builtin:cookie`,
		"nginx:sticky": `lb.use: nginx has no mechanism "sticky"; use one of nginx:ip-hash, nginx:hash-cookie, nginx:hash-cookie-consistent, nginx:userid`,
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
			TTL: 90 * time.Second, Sliding: true, Detection: 350 * time.Millisecond},
		"haproxy:source": {Name: "source", Family: results.MoveAndHome, Key: "address", Disruption: "modulo",
			Random: true, Detection: 350 * time.Millisecond},
		"nginx:ip-hash": {Name: "ip-hash", Family: results.MoveAndHome, Key: "address", Disruption: "modulo",
			Detection: 1050 * time.Millisecond},
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

func TestVersionIsTheDottedNumber(t *testing.T) {
	for out, want := range map[string]string{
		"nginx version: nginx/1.22.1\n":                                        "1.22.1",
		"HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\n": "2.6.12",
		"something without a number":                                           "",
	} {
		if got := version([]byte(out)); got != want {
			t.Errorf("version(%q) = %q, want %q", out, got, want)
		}
	}
}
