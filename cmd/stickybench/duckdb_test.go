package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// duckDB runs SQL in a real DuckDB: rows of each statement, by column. CI installs the npm package where the second
// place of NODE_PATH says; see .ci/run.
func duckDB(sql string) (statements [][]map[string]any, err error) {
	cmd := exec.Command("node", "../../.ci/duckdb.cjs")
	cmd.Stdin = strings.NewReader(sql)
	cmd.Env = append(os.Environ(), "NODE_PATH="+os.Getenv("NODE_PATH")+":"+filepath.Join(os.TempDir(), "stickybench-ci-duckdb", "node_modules"))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("duckdb: %w: %s", err, said.String())
	}
	for line := range strings.Lines(string(out)) {
		var rows []map[string]any
		if err := json.Unmarshal([]byte(line), &rows); err != nil {
			return nil, err
		}
		statements = append(statements, rows)
	}
	return statements, nil
}

// The queries of docs/data.md, over another directory than data/.
func documentedQueries(ts *testscript.TestScript, data string) string {
	text, err := os.ReadFile("../../docs/data.md")
	ts.Check(err)
	var sql strings.Builder
	for _, block := range regexp.MustCompile("(?ms)^```sql\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		sql.WriteString(block[1])
	}
	return strings.ReplaceAll(sql.String(), "'data/", "'"+ts.MkAbs(data)+"/")
}

// queryDocs: docqueries RUN_DIR DATA runs the documented queries over an export of the run and holds them against
// its report; then over one in which three writes were served twice.
func queryDocs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: docqueries RUN_DIR DATA")
	}
	found, err := duckDB(documentedQueries(ts, args[1]))
	ts.Check(err)
	report, err := storedReport(ts.MkAbs(args[0]))
	ts.Check(err)
	broken, _ := report.Find("affinity.broken_sessions", nil)
	if len(found) != 5 || len(found[0]) != 1 || fmt.Sprint(found[0][0]["broken"]) != fmt.Sprint(broken.Value) || broken.Value == 0 {
		ts.Fatalf("DuckDB finds %v broken in %d statements, the report %v", found[0], len(found), broken.Value)
	}
	for _, row := range found[1] {
		if _, ok := report.Find("instance.requests", map[string]string{"instance": fmt.Sprint(row["instance"])}); !ok || row["p99_ms"].(float64) <= 0 || row["second"] == nil {
			ts.Fatalf("response times by instance and second: %v", row)
		}
	}
	if len(found[1]) < 4 || len(found[2]) != 0 || fmt.Sprint(found[3][0]["unknown"]) != "0" {
		ts.Fatalf("%d seconds of instances, served twice %v, unknown to the ledgers %v", len(found[1]), found[2], found[3])
	}
	repeated, _ := strings.CutSuffix(ts.MkAbs(args[1]), "/")
	_, err = duckDB(fmt.Sprintf("COPY (SELECT * FROM '%s/serves.parquet' UNION ALL (SELECT * REPLACE ('b9' AS instance) FROM '%s/serves.parquet' WHERE method = 'POST' LIMIT 3)) TO '%s/repeated.parquet' (FORMAT parquet)", repeated, repeated, repeated))
	ts.Check(err)
	found, err = duckDB(strings.ReplaceAll(documentedQueries(ts, args[1]), "serves.parquet", "repeated.parquet"))
	ts.Check(err)
	if len(found[2]) != 3 {
		ts.Fatalf("three writes were served twice, the query finds %v", found[2])
	}
}
