package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// TestReference keeps the generated pages what the code says; `go test ./cmd/stickybench -run Reference -update` rewrites them.
func TestReference(t *testing.T) {
	for path, want := range map[string]string{"../../docs/metrics.md": metricsReference(), "../../docs/data.md": dataReference()} {
		isReference(t, path, want)
	}
}

func isReference(t *testing.T, path, want string) {
	t.Helper()
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
		t.Errorf("%s is not what the code says; rewrite it with `go test ./cmd/stickybench -run Reference -update`", path)
	}
}

func metricsReference() string {
	var text strings.Builder
	text.WriteString(`# Metrics

Written from results.Catalog by its test. Units are SI in report.json; reports show ms and %. A gate names a metric, its
labels if it has any, and a limit: ` + "`latency.response.p99{profile=\"shopper\"} < 50ms`" + `, see [ci.md](ci.md).

Labels: ` + "`profile`" + ` (latencies), ` + "`instance`" + `, ` + "`fault`" + ` (failover), ` + "`phase`" + ` (failover, replicas), ` + "`replica`" + `, ` + "`excused`" + ` (consistency), ` + "`arm`" + ` and ` + "`against`" + ` (comparisons).
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

// dataReference describes the exported files.
func dataReference() string {
	var text strings.Builder
	text.WriteString(dataIntro)
	for _, kind := range []struct {
		name string
		row  reflect.Type
	}{{"exchanges", reflect.TypeFor[results.ExchangeRow]()}, {"serves", reflect.TypeFor[results.ServeRow]()}, {"accesses", reflect.TypeFor[results.AccessRow]()}, {"sessions", reflect.TypeFor[results.SessionRecord]()},
		{"changes", reflect.TypeFor[results.ChangeRow]()}, {"samples", reflect.TypeFor[results.SampleRow]()}} {
		fmt.Fprintf(&text, "\n## %s\n\n| column | type | meaning |\n|---|---|---|\n", kind.name)
		for _, c := range results.Columns(kind.row) {
			fmt.Fprintf(&text, "| `%s` | %s | %s |\n", c.Name, c.Type, c.About)
		}
	}
	return text.String()
}

const dataIntro = "# Exported data\n\n" +
	"`stickybench results export RUN_DIR --format parquet|csv|jsonl -o DIR` writes one file for each kind of record, with the same columns in\n" +
	"every format; `--format hlog` copies the HdrHistogram interval log. Written from the row types by their test.\n\n" +
	"`accesses` is the balancer's own log, with `lb.access_log` only. The run directory has it as `access.jsonl`, a JSON object a line in one\n" +
	"form for all balancers: `time`, `client`, `method`, `path`, `status`, `session`, `seq`, `tries` (each `upstream`, `instance`, `status`, `took`),\n" +
	"`retries`, `took`; a line that nobody could read is kept as `unreadable`. What the balancer wrote itself stays in `lb/access.log`.\n\n" +
	"Times are nanoseconds since the Unix epoch (0: did not happen), lengths are nanoseconds, 64-bit marks are 16 hex digits.\n\n" +
	"```sql\n" +
	"-- DuckDB: broken sessions, as the report counts them\n" +
	"SELECT count(*)::INTEGER AS broken FROM 'data/sessions.parquet' WHERE broken;\n" +
	"-- response time by instance and second\n" +
	"SELECT instance, time_bucket(INTERVAL 1 SECOND, make_timestamp_ns(done_ns)) AS second, quantile_cont((done_ns - due_ns) / 1e6, 0.99) AS p99_ms\n" +
	"FROM 'data/exchanges.parquet' WHERE failure = 'answered' AND NOT warmup GROUP BY ALL ORDER BY ALL;\n" +
	"-- requests that two instances served: a balancer that repeats them\n" +
	"SELECT nonce, list(instance) FROM 'data/serves.parquet' WHERE method = 'POST' GROUP BY nonce HAVING count(*) > 1;\n" +
	"-- answers that no instance's ledger knows: they came from somewhere else, such as a cache\n" +
	"SELECT count(*)::INTEGER AS unknown FROM 'data/exchanges.parquet' ANTI JOIN 'data/serves.parquet' USING (session, seq) WHERE failure = 'answered';\n" +
	"-- what only the balancer knows: retries of requests that both ends saw once\n" +
	"SELECT instances, count(*) FROM 'data/accesses.parquet' WHERE retries > 0 GROUP BY ALL ORDER BY ALL;\n" +
	"```\n"
