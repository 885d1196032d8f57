package targets

import (
	"context"
	"errors"
	"net/http"
	"syscall"

	"github.com/stickybench/stickybench/profiles"
)

// ailment is one way in which a running instance misbehaves until it is ended.
type ailment struct {
	failing bool // its health check fails too
	begin   func(ctx context.Context, i *instance, e profiles.Event) error
	end     func(ctx context.Context, i *instance) error
}

// freeze is the one ailment in which the control port does not answer either.
const freeze = "freeze"

// ailments is the table. Most are orders that the mock instance obeys.
func ailments() map[string]ailment {
	return map[string]ailment{
		freeze:      {true, signalled(syscall.SIGSTOP), recovered(syscall.SIGCONT)},
		"reset":     {true, ordered("/reset"), revoked("/reset")},
		"error":     {true, ordered("/error"), revoked("/error")},
		"unhealthy": {true, ordered("/fail"), revoked("/fail")},
		"slow":      {false, slowed, revoked("/slow")},
	}
}

func ordered(path string) func(context.Context, *instance, profiles.Event) error {
	return func(ctx context.Context, i *instance, _ profiles.Event) error {
		return i.order(ctx, http.MethodPost, path)
	}
}

func revoked(path string) func(context.Context, *instance) error {
	return func(ctx context.Context, i *instance) error { return i.order(ctx, http.MethodDelete, path) }
}

func slowed(ctx context.Context, i *instance, e profiles.Event) error {
	return i.order(ctx, http.MethodPost, "/slow?delay="+e.Delay.String())
}

func signalled(sig syscall.Signal) func(context.Context, *instance, profiles.Event) error {
	return func(_ context.Context, i *instance, _ profiles.Event) error { return i.signal(sig) }
}

func recovered(sig syscall.Signal) func(context.Context, *instance) error {
	return func(_ context.Context, i *instance) error { return i.signal(sig) }
}

// ail begins or ends what e says.
func (i *instance) ail(ctx context.Context, e profiles.Event) error {
	a := ailments()[e.Action]
	if e.End {
		return i.heal(ctx, map[string]ailment{e.Action: a})
	}
	if _, p := i.is(); p == nil {
		return errNotRunning
	}
	// Recorded before the order, so that nobody sees the effect before its cause.
	i.suffer(e.Action, true)
	i.settle(why(e))
	if err := a.begin(ctx, i, e); err != nil {
		return errors.Join(err, i.heal(ctx, map[string]ailment{e.Action: a}))
	}
	return nil
}

// heal ends those of the ailments that the instance has. An instance that died meanwhile stays as it
// is: they ended with its process.
func (i *instance) heal(ctx context.Context, which map[string]ailment) error {
	healed := false
	for name, a := range which {
		if !i.suffers(name) {
			continue
		}
		if err := a.end(ctx, i); err != nil {
			return err
		}
		i.suffer(name, false)
		healed = true
	}
	if healed {
		i.settle("recovered")
	}
	return nil
}
