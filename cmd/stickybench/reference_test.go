package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// TestMetricsReference keeps docs/metrics.md what the code says; `go test ./cmd/stickybench -run Reference -update` rewrites it.
func TestMetricsReference(t *testing.T) {
	const path = "../../docs/metrics.md"
	want := metricsReference()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what results.Catalog says; rewrite it with `go test ./cmd/stickybench -run Reference -update`", path)
	}
}

func metricsReference() string {
	var text strings.Builder
	text.WriteString(`# Metrics

Written from results.Catalog by its test. Units are SI in report.json; reports show ms and %. A gate names a metric, its
labels if it has any, and a limit: ` + "`latency.response.p99{profile=\"shopper\"} < 50ms`" + `, see [ci.md](ci.md).

Labels: ` + "`profile`" + ` (latencies), ` + "`instance`" + `, ` + "`fault`" + ` (failover), ` + "`excused`" + ` (consistency), ` + "`arm`" + ` and ` + "`against`" + ` (comparisons).
`)
	section := ""
	for _, q := range results.Catalog() {
		if family, _, _ := strings.Cut(q.Name, "."); family != section {
			section = family
			fmt.Fprintf(&text, "\n## %s\n\n| metric | unit | better | meaning |\n|---|---|---|---|\n", family)
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", q.Name, q.Unit, q.Better, q.About)
	}
	return text.String()
}
