package targets

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// A throw-away server is a process of its own with a private directory; nothing of it stays behind.
func TestThrowAwayStores(t *testing.T) {
	for _, name := range []string{"redis", "memcached", "postgres"} {
		t.Run(name, func(t *testing.T) {
			needsServer(t, name)
			e := experiment("builtin:cookie")
			e.Store.Use = name + ":start"
			var scratch string
			t.Cleanup(func() { // after the one of deploy
				if _, err := os.Stat(scratch); !os.IsNotExist(err) {
					t.Errorf("%s is left: %v", scratch, err)
				}
			})
			d, dir := deploy(t, e)
			scratch = d.store.scratch
			answer, err := http.Get(d.URLs()[0])
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Stickybench-Lookups") != "1" {
				t.Errorf("%s, %s operations", answer.Status, answer.Header.Get("Stickybench-Lookups"))
			}
			play(t, d, func() bool { return sampled(dir, "store") })
			var run results.Run
			d.Describe(&run)
			if !strings.ContainsAny(run.StoreVersion, "0123456789") || run.Store != name+":start" {
				t.Errorf("described as %q %q", run.Store, run.StoreVersion)
			}
		})
	}
}

func needsServer(t *testing.T, name string) {
	t.Helper()
	if _, err := lookupServer(name).find(); err == nil {
		return
	}
	if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
}

// A server that cannot start says why, and its directory goes with it.
func TestBrokenStoreSaysItsLastWords(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	program := filepath.Join(t.TempDir(), "redis-server")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho no licence >&2\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH"))
	e := experiment("builtin:cookie")
	e.Store.Use = "redis:start"
	refused(t, e, "starting redis: exited with exit status 3: no licence")
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestZonesReachTheInstances(t *testing.T) {
	e := experiment("builtin:cookie")
	e.Store.Use, e.Store.Zone, e.Backends.Zones = "embedded", "a", []string{"a", "b"}
	d, _ := deploy(t, e)
	near, far := d.instances[0].options.Store.Distance.String(), d.instances[1].options.Store.Distance.String()
	var run results.Run
	d.Describe(&run)
	if near != "same-zone" || far != "cross-zone" || run.Instances[1].Zone != "b" {
		t.Errorf("distances %s and %s, instances %+v", near, far, run.Instances)
	}
}

// Virtual CPU time comes from the instance: the process itself spends next to none.
func TestVirtualCPUIsSampled(t *testing.T) {
	e := experiment("builtin:cookie")
	e.Backends.CPUMode, e.Backends.Cores = "virtual", 0.5
	if err := e.Backends.CPU.UnmarshalText([]byte("100ms")); err != nil {
		t.Fatal(err)
	}
	d, dir := deploy(t, e)
	answer, err := http.Get(d.URLs()[0])
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	served := answer.Header.Get("Stickybench-Instance")
	play(t, d, func() bool { return sampled(dir, served) })
	samples, err := dir.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		if want := "100ms"; s.Process == served && s.CPU > 0 && s.CPU.String() != want {
			t.Errorf("%v of virtual CPU time, want %s", s.CPU, want)
		}
	}
}

func TestPasswordsStayOutOfReports(t *testing.T) {
	for address, want := range map[string]string{
		"redis://u:secret@h:1/0":                 "redis://u:xxxxx@h:1/0",
		"sticky-cache:postgres://u:secret@h:1/d": "sticky-cache:postgres://u:xxxxx@h:1/d",
		"redis://h:1":                            "redis://h:1",
		"sticky-cache:redis:start":               "sticky-cache:redis:start",
		"memory":                                 "memory",
	} {
		if got := withoutPassword(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
