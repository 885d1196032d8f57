package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stickybench": main})
}

// TestScripts runs the txtar scripts of testdata/script, and the page for newcomers, against the real command.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:         append(files, gettingStarted(t)),
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("STICKYBENCH_REQUIRE_REAL", os.Getenv("STICKYBENCH_REQUIRE_REAL"))
			for name, path := range map[string]string{"EXAMPLES": "../../examples", "SCHEMAS": "../../results/testdata"} {
				abs, err := filepath.Abs(path)
				if err != nil {
					return err
				}
				env.Setenv(name, abs)
			}
			env.Setenv("PATH", env.Getenv("PATH")+":/usr/sbin:/sbin")
			return nil
		},
		Condition: installed,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode":     exitCodeIs,
			"metric":       metricIs,
			"time":         timeIs,
			"same":         sameMetrics,
			"sessions":     sessionsText,
			"nochild":      noChildLeft,
			"truncated":    truncateFile,
			"acknowledged": acknowledgedAll,
			"scrape":       scrape,
			"killstore":    killStore,
			"https":        secureServer,
			"docqueries":   queryDocs,
			"replicas":     replicas,
		},
	})
}
