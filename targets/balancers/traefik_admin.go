package balancers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// traefikOrders is where traefik's REST provider hears.
const traefikOrders = "/api/providers/rest"

// traefikFence puts the configuration with its fences to the REST provider, where it outranks the watched file: no other
// provider takes fences. It stays in force, so that a file of this name says that it has to follow the watched one.
func traefikFence(ctx context.Context, b Running) error {
	text, err := b.Params.render(b.Mechanism, file{traefikFences, traefikConfig(b.Mechanism, 2, `{{if $i.Draining}}, "fenced": true{{end}}`)})
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.Params.File(traefikFences), []byte(text), 0o644); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+b.Params.Listen+traefikOrders, strings.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	why, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // the status says enough
	return fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(why)))
}

const traefikFences = "fences.json"

// traefikReload has nothing to say about the file, which traefik watches and which has been replaced.
func traefikReload(ctx context.Context, b Running) error {
	if _, err := os.Stat(b.Params.File(traefikFences)); err != nil {
		return nil
	}
	return traefikFence(ctx, b)
}
