package backend

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/store"
)

func TestStoreGoneAnswers503AndIsRecorded(t *testing.T) {
	d, err := results.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	url, _ := started(t, Options{Store: store.Options{Use: "redis://127.0.0.1:1"}, Ledger: d.ServePath("b1")})
	c := &client{t: t, url: url}
	if answer := c.do("GET"); answer.Get(wire.HeaderEpoch) != "" || answer.Get("Set-Cookie") != "" {
		t.Fatalf("got %v", answer)
	}
	refused(t, d)
}

// refused wants exactly one record, of a 503 that claims no state.
func refused(t *testing.T, d *results.Dir) {
	t.Helper()
	n := 0
	for s, err := range d.Serves() {
		if err != nil || s.Status != http.StatusServiceUnavailable || s.Epoch != 0 || s.Version != 0 || s.Lookups == 0 {
			t.Fatalf("%+v, %v", s, err)
		}
		n++
	}
	if n != 1 {
		t.Fatalf("%d records of one request", n)
	}
}

// unsaving applies the change and then fails to save it, as a store that dies half-way does.
type unsaving struct{ *store.Memory }

func (u unsaving) Update(_ context.Context, a *store.Access, change func(store.Record, bool) store.Record) (before, after store.Record, err error) {
	a.Operations++
	return before, change(before, false), errors.New("connection reset")
}

func TestFailedSaveClaimsNoState(t *testing.T) {
	d, err := results.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	i, err := newInstance(Options{Name: "b1", Ledger: d.ServePath("b1")})
	if err != nil {
		t.Fatal(err)
	}
	defer i.close()
	i.store = unsaving{store.NewMemory(0)}
	w := httptest.NewRecorder()
	i.handle(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get(wire.HeaderEpoch) != "" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	refused(t, d)
}
