package loadgen

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stickybench/stickybench/internal/clock"
)

func TestJar(t *testing.T) {
	s := site{host: "app.example.org", path: "/"}
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"replace":       {[]string{"a=1", "a=2; Path=/"}, "a=2"},
		"delete":        {[]string{"a=1", "a=; Max-Age=0"}, ""},
		"other domain":  {[]string{"a=1; Domain=example.com"}, ""},
		"parent domain": {[]string{"a=1; Domain=.example.org"}, "a=1"},
		"secure":        {[]string{"a=1; Secure"}, ""},
		"other path":    {[]string{"a=1; Path=/x"}, ""},
		"two":           {[]string{"a=1", "b=2; HttpOnly"}, "a=1; b=2"},

		"of a parent domain too":   {[]string{"a=1", "a=2; Domain=example.org", "a=3", "a=4; Domain=.Example.ORG"}, "a=3; a=4"},
		"of the host's domain too": {[]string{"a=1", "a=2; Domain=app.example.org"}, "a=1; a=2"},
		"deleted in one domain":    {[]string{"a=1", "a=2; Domain=example.org", "a=; Max-Age=0"}, "a=2"},
		"replaced keeps its place": {[]string{"a=1", "b=2", "c=3", "b=a-longer-value", "a=", "c=33"}, "a=; b=a-longer-value; c=33"},
		"deleted loses it":         {[]string{"a=1", "b=2", "a=; Max-Age=0", "a=3"}, "b=2; a=3"},
	} {
		js, j := newJars(s), jar{}
		for _, line := range c.lines {
			js.set(&j, []byte(line), clock.Time(1e18))
		}
		if got, _, _ := js.header(nil, &j, clock.Time(1e18)); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// As RFC 6265, section 5.4 has it.
func TestLongerPathsGoFirst(t *testing.T) {
	js, j := newJars(site{host: "h", path: "/shop/"}), jar{}
	for _, c := range []struct{ line, want string }{
		{"a=1; Path=/", "a=1"},
		{"b=2", "b=2; a=1"}, // of /shop
		{"c=3; Path=/shop/", "c=3; b=2; a=1"},
		{"a=4; Path=/shop", "c=3; b=2; a=4; a=1"},
		{"d=5; Path=/", "c=3; b=2; a=4; a=1; d=5"},
		{"b=; Max-Age=0", "c=3; a=4; a=1; d=5"},
		{"a=longer; Path=/shop", "c=3; a=longer; a=1; d=5"},
	} {
		js.set(&j, []byte(c.line), 1)
		if got, _, _ := js.header(nil, &j, 1); string(got) != c.want {
			t.Errorf("after %q the header is %q, want %q", c.line, got, c.want)
		}
	}
}

// Another jar of the same RFC sends the same cookies in the same order.
func TestJarAgreesWithAnother(t *testing.T) {
	target := &url.URL{Scheme: "http", Host: "app.example.org", Path: "/shop/"}
	rapid.Check(t, func(r *rapid.T) {
		js, j := newJars(site{host: target.Host, path: target.Path}), jar{}
		other, err := cookiejar.New(nil)
		if err != nil {
			r.Fatal(err)
		}
		for range rapid.IntRange(1, 40).Draw(r, "lines") {
			line := rapid.StringMatching(`[a-c]=[0-9]{0,9}(; Path=/(shop/?|sh|shopping)?)?(; Domain=\.?example\.(org|com))?(; Max-Age=(60|0))?`).Draw(r, "line")
			js.set(&j, []byte(line), clock.Now())
			set, err := http.ParseSetCookie(line)
			if err != nil {
				r.Fatal(err)
			}
			other.SetCookies(target, []*http.Cookie{set})
			var want []string
			for _, c := range other.Cookies(target) {
				want = append(want, c.Name+"="+c.Value)
			}
			if got, _, _ := js.header(nil, &j, clock.Now()); string(got) != strings.Join(want, "; ") {
				r.Fatalf("after %q the header is %q, want %q", line, got, want)
			}
		}
	})
}

func TestAnAddressHasNoParentDomain(t *testing.T) {
	js, j := newJars(site{host: "127.0.0.1", path: "/"}), jar{}
	if _, ok := js.set(&j, []byte("a=1; Domain=0.0.1"), 1); ok {
		t.Error("the end of an address was taken for a domain")
	}
	js.set(&j, []byte("a=2"), 1)
	js.set(&j, []byte("a=3; Domain=127.0.0.1"), 1)
	if got, _, _ := js.header(nil, &j, 1); string(got) != "a=3" {
		t.Errorf("the header is %q, want one cookie", got)
	}
}

func TestJarKeepsWhatBrowsersKeep(t *testing.T) {
	js, j := newJars(site{host: "h", path: "/"}), jar{}
	for i := range mostCookies + 5 {
		if _, ok := js.set(&j, fmt.Appendf(nil, "c%d=%s", i, strings.Repeat("v", 100*i%700)), 1); !ok {
			t.Fatalf("cookie %d refused", i)
		}
	}
	header, _, _ := js.header(nil, &j, 1)
	if n := strings.Count(string(header), "="); n != mostCookies || !strings.HasPrefix(string(header), "c5=") {
		t.Errorf("%d cookies: %.40q", n, header)
	}
	if _, ok := js.set(&j, []byte("big="+strings.Repeat("x", mostPair)), 1); ok {
		t.Error("a cookie beyond the limit was kept")
	}
	js.clear(&j)
	if header, _, _ := js.header(nil, &j, 1); len(header) > 0 {
		t.Errorf("cleared jar sends %q", header)
	}
}

func TestJarsDoNotMix(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		js := newJars(site{host: "h", path: "/"})
		users := make([]jar, 4)
		want := make([]map[string]string, 4)
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			u := rapid.IntRange(0, 3).Draw(r, "user")
			if rapid.IntRange(0, 9).Draw(r, "clear") == 0 {
				js.clear(&users[u])
				want[u] = nil
				continue
			}
			name, value := rapid.StringMatching("[a-c]").Draw(r, "name"), rapid.StringMatching("[0-9]{0,90}").Draw(r, "value")
			js.set(&users[u], []byte(name+"="+value), 1)
			if want[u] == nil {
				want[u] = map[string]string{}
			}
			want[u][name] = value
		}
		for u := range users {
			got, _, _ := js.header(nil, &users[u], 1)
			all := map[string]string{}
			for _, c := range (&http.Request{Header: http.Header{"Cookie": {string(got)}}}).Cookies() {
				all[c.Name] = c.Value
			}
			if len(all) != len(want[u]) || len(all) > 0 && !maps.Equal(all, want[u]) {
				r.Fatalf("user %d has %v, want %v", u, all, want[u])
			}
		}
	})
}

// FuzzJar: whatever servers set, lines apart, the Cookie header is one line and every cookie in it was
// set by one of them.
func FuzzJar(f *testing.F) {
	f.Add([]byte("a=1; Path=/; Max-Age=9"))
	f.Add([]byte("a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT\na=2; Path=/x\nb=3; Domain=h; HttpOnly; SameSite=Lax\na=; Max-Age=0"))
	f.Add([]byte("SBSESSION=0011; Path=/\nroute=b1; Path=/; Secure\nroute=b2; Path=/"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		js, j := newJars(site{host: "h", path: "/"}), jar{}
		var set []string
		for line := range bytes.SplitSeq(lines, []byte{'\n'}) {
			if c, ok := js.set(&j, line, 1); ok {
				set = append(set, c.pair+string(c.value))
			}
		}
		b, _, _ := js.header(nil, &j, 1)
		if bytes.ContainsAny(b, "\r\n") {
			t.Errorf("cookie header %q breaks its line", b)
		}
		if len(b) == 0 {
			return
		}
		for pair := range strings.SplitSeq(string(b), "; ") {
			if !slices.Contains(set, pair) && !strings.Contains(pair, ";") && !slices.ContainsFunc(set, func(s string) bool { return strings.Contains(s, "; ") }) {
				t.Errorf("%q was never set: %q", pair, set)
			}
		}
	})
}

// Records with and without a date lie in one block and replace each other.
func TestDatedCookiesBesideOthers(t *testing.T) {
	js, j := newJars(site{host: "h", path: "/"}), jar{}
	defer js.arena.release()
	want := func(now clock.Time, want string) {
		t.Helper()
		if got, _, _ := js.header(nil, &j, now); string(got) != want {
			t.Errorf("at %d the header is %q, want %q", now, got, want)
		}
	}
	const second = clock.Time(1e9)
	for _, line := range []string{"a=1", "b=22; Max-Age=10", "c=333"} {
		js.set(&j, []byte(line), second)
	}
	want(second, "a=1; b=22; c=333")
	want(12*second, "a=1; c=333")
	js.set(&j, []byte("b=22; Max-Age=10"), 10*second) // renewed
	want(12*second, "a=1; b=22; c=333")
	js.set(&j, []byte("a=1; Max-Age=5"), 10*second)
	want(12*second, "a=1; b=22; c=333")
	want(16*second, "b=22; c=333")
	js.set(&j, []byte("b=4"), 16*second)
	want(30*second, "b=4; c=333")
	js.set(&j, []byte("a=1; Max-Age=5"), 20*second) // the one before is dead: this one is young
	want(22*second, "b=4; c=333; a=1")
	js.set(&j, []byte("c=; Max-Age=-1"), 22*second)
	want(30*second, "b=4")
}
