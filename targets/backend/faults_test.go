package backend

import (
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stickybench/stickybench/profiles"
)

func TestFaultsComeAndGo(t *testing.T) {
	url, control := started(t, Options{})
	for _, c := range []struct{ fault, health, other string }{
		{"fail", "503", "200"}, {"error", "503", "503"}, {"reset", "reset", "reset"}, {"slow?delay=1ms", "200", "200"},
	} {
		order(t, "POST", control+"/"+c.fault)
		if health, other := outcome(t, url+"/healthz"), outcome(t, url+"/x"); health != c.health || other != c.other {
			t.Errorf("%s: health %s, others %s; want %s, %s", c.fault, health, other, c.health, c.other)
		}
		order(t, "DELETE", control+"/"+c.fault)
		if health, other := outcome(t, url+"/healthz"), outcome(t, url+"/x"); health != "200" || other != "200" {
			t.Errorf("after %s: health %s, others %s", c.fault, health, other)
		}
	}
}

func TestSlowAddsToTheHandler(t *testing.T) {
	const delay = 30 * time.Millisecond
	url, control := started(t, Options{Handler: profiles.Constant(0)})
	order(t, "POST", control+"/slow?delay="+delay.String())
	start := time.Now()
	if outcome(t, url+"/x") != "200" || time.Since(start) < delay {
		t.Errorf("answered after %v, want at least %v", time.Since(start), delay)
	}
}

func order(t *testing.T, method, url string) {
	t.Helper()
	q, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %s", method, url, answer.Status)
	}
}

// outcome is a status, or "reset".
func outcome(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if errors.Is(err, syscall.ECONNRESET) {
		return "reset"
	}
	if err != nil {
		return err.Error()
	}
	answer.Body.Close()
	return answer.Status[:3]
}
