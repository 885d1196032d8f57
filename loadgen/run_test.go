package loadgen

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func TestRunRecordsEveryRequest(t *testing.T) {
	defer goleak.VerifyNone(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "mark=b1; HttpOnly")
	}))
	defer server.Close()
	dir, err := results.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	log, err := dir.ExchangeLog()
	if err != nil {
		t.Fatal(err)
	}
	e := profiles.Default()
	e.Duration, e.Warmup, e.Load.Shards = profiles.Duration(time.Second), 0, 2
	sum, err := Run(context.Background(), Options{Plan: profiles.NewPlan(e), Experiment: e, URLs: []string{server.URL}, Start: clock.Now(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var n, answered uint64
	for x, err := range dir.Exchanges() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if x.Failure == results.Answered {
			answered++
		}
	}
	if n == 0 || n != sum.Offered || answered != n {
		t.Errorf("%d records, %d answered, %d offered; %+v", n, answered, sum.Offered, sum.Generator)
	}
	t.Logf("%+v", sum.Generator)
}
