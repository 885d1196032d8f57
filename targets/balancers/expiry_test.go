package balancers

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// given sends one request with the Cookie header and gives the answer's own cookie of that name, "" when it sets none.
func given(t *testing.T, f *fixture, sent, name string) (instance, value string, maxAge int) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, f.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", sent)
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body := make([]byte, 2)
	if _, err := answer.Body.Read(body); err != nil && err.Error() != "EOF" {
		t.Fatal(err)
	}
	for _, c := range answer.Cookies() {
		if c.Name == name {
			value, maxAge = c.Value, c.MaxAge
		}
	}
	return string(body), value, maxAge
}

// TestLiveIdleTableForgets: nothing but time empties the table.
func TestLiveIdleTableForgets(t *testing.T) {
	brief := func(p *Params) { p.TTL = 200 * time.Millisecond }
	eachWith(t, 2, brief, only("haproxy:stick-table", "haproxy:stick-table-header", "haproxy:stick-table-learned"), func(t *testing.T, f *fixture) {
		homes(t, f, visitor(t, 1), 3)
		eventually(t, func() bool {
			answer, err := haproxyOrder(t.Context(), f.running.Params.Socket, "show table be\n")
			return err == nil && strings.Contains(answer, "used:0")
		})
	})
}

// TestLiveOldCookieIsReplaced: a date of 1970 in haproxy's cookie is past any idle time or age; without
// a lifetime the cookie has no date and is good for ever.
func TestLiveOldCookieIsReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Params)
		old      string
		replaced bool
	}{
		"idle": {func(p *Params) { p.TTL = time.Hour }, "SRV=b1|AAAAB|AAAAB", true},
		"age":  {func(p *Params) { p.TTL, p.Absolute = time.Hour, true }, "SRV=b1||AAAAB", true},
		"none": {nil, "SRV=b1", false},
	} {
		t.Run(name, func(t *testing.T) {
			eachWith(t, 2, c.change, only("haproxy:cookie"), func(t *testing.T, f *fixture) {
				instance, value, _ := given(t, f, c.old, "SRV")
				if (value != "") != c.replaced {
					t.Errorf("%s was answered by %s with a new cookie %q", c.old, instance, value)
				}
				if value == "" {
					return
				}
				if again, newer, _ := given(t, f, "SRV="+value, "SRV"); newer != "" || again != value[:2] {
					t.Errorf("the fresh %q was answered by %s with %q", value, again, newer)
				}
			})
		})
	}
}

// TestLiveAgeOfApachesCookie: the client is told; with an idle time Apache can tell it nothing.
func TestLiveAgeOfApachesCookie(t *testing.T) {
	for name, c := range map[string]struct {
		absolute bool
		want     int
	}{"age": {true, 3600}, "idle": {false, 0}} {
		t.Run(name, func(t *testing.T) {
			hour := func(p *Params) { p.TTL, p.Absolute = time.Hour, c.absolute }
			eachWith(t, 2, hour, only("apache:cookie"), func(t *testing.T, f *fixture) {
				if _, value, maxAge := given(t, f, "a=b", "ROUTEID"); value == "" || maxAge != c.want {
					t.Errorf("cookie %q with Max-Age %d, want %d", value, maxAge, c.want)
				}
			})
		})
	}
}
