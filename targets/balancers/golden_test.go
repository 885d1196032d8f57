package balancers

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

var update = flag.Bool("update", false, "write the golden configurations anew")

func sample() Params {
	return Params{
		Name:      "lb",
		Listen:    "127.0.0.1:8080",
		Instances: []Instance{{Name: "b1", Address: "127.0.0.1:9001"}, {Name: "b2", Address: "127.0.0.1:9002"}, {Name: "b3", Address: "127.0.0.1:9003"}},
		Directory: "/run dir/lb",
		Socket:    "/tmp/sb/admin.sock",
		Peers:     []Peer{{"lb", "/tmp/sb/peers.sock"}},
		TTL:       90 * time.Second,
		Health:    Health{Interval: 100 * time.Millisecond, Timeout: 50 * time.Millisecond, Rise: 2, Fall: 3},
		Command:   `my-proxy --listen {listen} "--to={backends}" {backends} -c '{config}'`,
	}
}

func TestGoldenConfigurations(t *testing.T) {
	for _, row := range List() {
		for _, mechanism := range row.Mechanisms {
			use := row.Name + ":" + mechanism.Name
			if row.Binary == "" {
				use = row.Name + ":" + sample().Command
			}
			t.Run(row.Name+"-"+mechanism.Name, func(t *testing.T) {
				got, err := Render(use, sample())
				if err != nil {
					t.Fatal(err)
				}
				golden(t, row.Name+"-"+mechanism.Name, got)
			})
		}
	}
}

// Every mechanism whose replicas speak to one another shows how.
func TestGoldenConfigurationsOfReplicas(t *testing.T) {
	for _, row := range List() {
		for _, mechanism := range row.Mechanisms {
			if mechanism.Agreement != results.Synchronise {
				continue
			}
			p := sample()
			p.Name, p.Peers = "lb2", []Peer{{"lb1", "/tmp/sb/lb1/peers.sock"}, {"lb2", "/tmp/sb/lb2/peers.sock"}}
			got, err := Render(row.Name+":"+mechanism.Name, p)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, row.Name+"-"+mechanism.Name+"-replica", got)
		}
	}
}

// Every mechanism with a cookie of its own calls it as it is told, in every place.
func TestGoldenConfigurationsOfRenamedCookies(t *testing.T) {
	for _, row := range List() {
		for _, mechanism := range row.Mechanisms {
			p := sample()
			p.Cookie = "SBFRONT"
			got, err := Render(row.Name+":"+mechanism.Name, p)
			if err != nil {
				t.Fatal(err)
			}
			if named := strings.Contains(got, p.Cookie); named != (mechanism.Cookie != "") || mechanism.Cookie != "" && strings.Contains(got, mechanism.Cookie) {
				t.Errorf("%s:%s, of itself %q:\n%s", row.Name, mechanism.Name, mechanism.Cookie, got)
			}
			if mechanism.Cookie != "" {
				golden(t, row.Name+"-"+mechanism.Name+"-named", got)
			}
		}
	}
}

// TestGoldenVariants covers what a configuration says only when it is asked to: the access log, where clients'
// addresses stand, weights, and a limit of connections.
func TestGoldenVariants(t *testing.T) {
	for _, use := range []string{"nginx:ip-hash", "haproxy:source", "apache:cookie", "caddy:client-ip-hash", "nghttpx:cookie", "traefik:cookie", "envoy:cookie", "varnish:shard-address", "lighttpd:sticky"} {
		row, mechanism, err := Lookup(use)
		if err != nil {
			t.Fatal(err)
		}
		for variant, change := range map[string]func(*Params){
			"access-log": func(p *Params) { p.AccessLog = true },
			"proxy":      func(p *Params) { p.Via = profiles.ViaProxy2 },
			"forwarded":  func(p *Params) { p.Via = profiles.ViaForwarded },
			"limited":    func(p *Params) { p.MaxConnections = 2 },
			"weights":    func(p *Params) { p.Weights, p.Instances[0].Weight, p.Instances[2].Weight = []int{1, 4}, 1, 4 },
		} {
			p := sample()
			if change(&p); row.Refuse(mechanism, p) != nil {
				continue
			}
			got, err := Render(use, p)
			if argv, e := row.command(p); err == nil && e == nil && row.Name == "traefik" {
				got += "# " + strings.Join(argv, "\n# ") + "\n"
			}
			if err != nil {
				t.Fatal(err)
			}
			golden(t, row.Name+"-"+variant, got)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
	}
}

func TestParametersShowInTheConfiguration(t *testing.T) {
	for _, c := range []struct {
		use    string
		change func(*Params)
		want   string
		absent string
	}{
		{"haproxy:cookie", func(p *Params) { p.Absolute = true }, "httponly maxlife 90s", "maxidle"},
		{"haproxy:cookie", func(p *Params) { p.TTL = 0 }, "nocache httponly\n", "maxidle"},
		{"haproxy:cookie", func(p *Params) { p.TTL = 10 * time.Millisecond }, "maxidle 1s", ""},
		{"haproxy:cookie", func(p *Params) { p.Choice = "random" }, "balance random(1)", "roundrobin"},
		{"haproxy:cookie", func(p *Params) { p.Choice = "least" }, "balance leastconn", "roundrobin"},
		{"haproxy:stick-table", func(p *Params) { p.TTL = 0 }, "size 1m\n", "expire"},
		{"haproxy:cookie", func(p *Params) { p.CheckHost = "stickybench" }, "GET /healthz\n    http-check send hdr Host stickybench\n", ""},
		{"nginx:ip-hash", func(p *Params) { p.User = "root" }, "user root;", ""},
		{"nginx", func(p *Params) {}, "ip_hash;", "$cookie_"},
		{"apache:cookie", func(p *Params) { p.Absolute = true }, "HttpOnly; Max-Age=90\"", "User"},
		{"apache:cookie", func(p *Params) { p.User = "root" }, "User \"#65534\"", "Max-Age"},
		{"apache:cookie", func(p *Params) { p.Choice = "least" }, "lbmethod=bybusyness", "+N"},
		{"apache:cookie", func(p *Params) { p.Instances[1].Draining = true }, "route=b2 retry=1 connectiontimeout=50ms hcmethod=GET hcuri=/healthz hcinterval=100ms hcpasses=2 hcfails=3 upgrade=websocket status=+N\n", ""},
		{"apache:cookie", func(p *Params) { p.Health.Interval = time.Millisecond }, "hcinterval=100ms", "hcinterval=1ms"},
		{"haproxy:cookie", func(p *Params) { p.Instances[1].Draining, p.Instances[1].Weight = true, 4 }, "cookie b2 weight 0\n", "weight 4"},
		{"haproxy:cookie", func(p *Params) { p.Instances[1].Draining = true }, "127.0.0.1:9002 id 2 cookie b2 weight 0\n", "b1 weight"},
		{"nghttpx:round-robin", func(p *Params) { p.Instances[1].Weight = 4 }, "backend=127.0.0.1,9002;;proto=http/1.1;fall=3;rise=2;weight=4\n", "9001;;proto=http/1.1;fall=3;rise=2;weight"},
		{"nghttpx:cookie", func(p *Params) { p.Listen = "[::1]:8080" }, "frontend=::1,8080;no-tls\n", "proxyproto"},
		{"traefik:cookie", func(p *Params) { p.Absolute = true }, `"maxAge": 90}`, ""},
		{"envoy:cookie", func(p *Params) { p.Absolute = true }, "ttl: 90.000s}", ""},
		{"haproxy", func(p *Params) {}, "cookie SRV insert", ""},
	} {
		p := sample()
		c.change(&p)
		got, err := Render(c.use, p)
		if err != nil {
			t.Errorf("%s: %v", c.use, err)
		}
		if !strings.Contains(got, c.want) || (c.absent != "" && strings.Contains(got, c.absent)) {
			t.Errorf("%s: want %q and no %q in:\n%s", c.use, c.want, c.absent, got)
		}
	}
}
