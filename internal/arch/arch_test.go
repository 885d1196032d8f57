package arch

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/stickybench/stickybench/"

// layer maps each top-level package to the ones it may import besides internal.
var layer = map[string][]string{
	"cmd":      {"loadgen", "targets", "analysis", "profiles", "results"},
	"loadgen":  {"loadgen", "profiles", "results"},
	"targets":  {"targets", "profiles", "results"},
	"analysis": {"analysis", "profiles", "results"},
	"profiles": {"profiles"},
	"results":  {"results"},
	"internal": {},
}

func TestLayersStayApart(t *testing.T) {
	for _, line := range strings.Split(goList(t, "{{.ImportPath}} {{join .Imports \" \"}}"), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		from := top(fields[0])
		for _, imported := range fields[1:] {
			to := top(imported)
			if strings.HasPrefix(imported, module) && to != "internal" && !contains(layer[from], to) {
				t.Errorf("%s imports %s: layer %s may import only %v and internal", fields[0], imported, from, layer[from])
			}
		}
	}
}

func TestOnlyMainExits(t *testing.T) {
	for _, line := range strings.Split(goList(t, "{{.ImportPath}} {{join .Imports \" \"}}"), "\n") {
		path, imports, _ := strings.Cut(line, " ")
		if top(path) != "cmd" && contains(strings.Fields(imports), "github.com/spf13/cobra") {
			t.Errorf("%s imports cobra: command lines belong to cmd", path)
		}
	}
}

func goList(t *testing.T, format string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, module+"...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	return string(out)
}

func top(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
	return name
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}
