package loadgen

import (
	"bytes"
	"testing"

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
	} {
		var j jar
		for _, line := range c.lines {
			j.set([]byte(line), s, clock.Time(1e18))
		}
		if got, _ := j.header(nil, s, clock.Time(1e18)); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func FuzzJar(f *testing.F) {
	f.Add([]byte("a=1; Path=/; Max-Age=9"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var j jar
		s := site{host: "h", path: "/"}
		j.set(line, s, 1)
		if b, _ := j.header(nil, s, 1); bytes.ContainsAny(b, "\r\n") {
			t.Errorf("cookie header %q breaks its line", b)
		}
	})
}
