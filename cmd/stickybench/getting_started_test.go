package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gettingStarted writes the commands of the page for newcomers as a script: all of them, as they stand, from
// top to bottom.
func gettingStarted(t *testing.T) (path string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for line := range strings.Lines(blocksOf(string(page))) {
		if command, ok := strings.CutPrefix(line, "stickybench "); ok {
			script.WriteString("exitcode 0,3,4 stickybench " + strings.ReplaceAll(command, `"`, `'`)) // as scripts quote
		}
	}
	if n := strings.Count(script.String(), "\n"); n < 10 {
		t.Fatalf("%d commands were found", n)
	}
	script.WriteString("grep '<html' first.html\nexists broken/report.json worth/report.json\nnochild\n")
	path = filepath.Join(t.TempDir(), "getting-started.txtar")
	if err := os.WriteFile(path, []byte(script.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
