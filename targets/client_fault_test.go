package targets

import (
	"testing"
	"time"

	"github.com/stickybench/stickybench/profiles"
)

// What happens to clients is the generator's to play; the timeline tells of it, also where no instance is ours.
func TestClientFaultsAreRecorded(t *testing.T) {
	d, dir := deploy(t, experiment("builtin:cookie", profiles.Fault{Forget: profiles.TheClients},
		profiles.Fault{Pause: profiles.TheClients, At: at(time.Millisecond), For: at(time.Millisecond)}))
	const want = "up(fault forget) up(fault pause) up(fault pause ended)"
	play(t, d, func() bool { return history(t, dir, profiles.TheClients) == want })
	if said := d.record.said(); len(said) != 0 {
		t.Errorf("warnings: %q", said)
	}
}

func TestClientsBehindAURLMayHaveFaults(t *testing.T) {
	e := experiment("", profiles.Fault{Garble: profiles.TheClients})
	e.Balancer.URL = "http://127.0.0.1:1"
	if err := Check(e); err != nil {
		t.Error(err)
	}
	e.Faults = append(e.Faults, profiles.Fault{Kill: "b1"})
	if Check(e) == nil {
		t.Error("an instance behind a URL was to be killed, and nothing said so")
	}
}
