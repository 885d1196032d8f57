package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The composite action decodes, says which shell each script is for, and its scripts parse.
func TestGitHubActionIsComplete(t *testing.T) {
	var action struct {
		Inputs  map[string]struct{ Description, Default string }
		Outputs map[string]struct{ Description, Value string }
		Runs    struct {
			Using string
			Steps []struct {
				Name, ID, If, Shell, Run string
				Env                      map[string]string
			}
		}
	}
	decode(t, "../../deploy/github/action.yml", &action)
	if action.Runs.Using != "composite" || len(action.Runs.Steps) == 0 {
		t.Fatalf("%+v", action.Runs)
	}
	for _, step := range action.Runs.Steps {
		if step.Shell != "bash" {
			t.Errorf("step %s: a composite action must say its shell", step.Name)
		}
		parses(t, step.Name, step.Run)
		if strings.Contains(step.Run, "${{") {
			t.Errorf("step %s: inputs reach a script through its environment, not as text of it", step.Name)
		}
		for _, value := range step.Env {
			if name, ok := strings.CutPrefix(value, "${{ inputs."); ok && action.Inputs[strings.TrimSuffix(name, " }}")].Description == "" {
				t.Errorf("step %s: no input %s", step.Name, value)
			}
		}
	}
}

// The action's main step, run as GitHub would, with a stickybench whose gates fail.
func TestGitHubActionRuns(t *testing.T) {
	for _, c := range []struct{ gates, baseline, want string }{
		{"", "", "run a b.yaml --rate 5 --out out --no-progress\nreport out --format markdown"},
		{"gates.txt", "", "run a b.yaml --rate 5 --out out --no-progress\ngate out --gates gates.txt --report out/judged.json\nreport out/judged.json --format markdown"},
		{"", "git:main", "run a b.yaml --rate 5 --out out --no-progress\ngate out --baseline git:main --report out/judged.json\nreport out/judged.json --format markdown"},
		{"gates.txt", "haproxy:cookie", "gate a b.yaml --baseline haproxy:cookie --gates gates.txt --rate 5 --out out --no-progress\nreport out --format markdown"},
	} {
		calls, verdict := actionRun(t, c.gates, c.baseline)
		if !strings.HasPrefix(calls, c.want) || verdict != "verdict="+map[bool]string{true: "pass", false: "fail"}[c.gates+c.baseline == ""]+"\n" {
			t.Errorf("gates %q, baseline %q: %s, calls:\n%s", c.gates, c.baseline, verdict, calls)
		}
	}
}

func actionRun(t *testing.T, gates, baseline string) (calls, output string) {
	t.Helper()
	var action struct {
		Runs struct{ Steps []struct{ ID, Run string } }
	}
	decode(t, "../../deploy/github/action.yml", &action)
	dir := t.TempDir()
	fake := "#!/bin/sh\necho \"$@\" >>" + dir + "/calls\n[ \"$1\" != gate ]\n"
	if err := os.WriteFile(dir+"/stickybench", []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, step := range action.Runs.Steps {
		if step.ID != "run" {
			continue
		}
		cmd := exec.Command("bash", "-e", "-c", step.Run)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "GITHUB_OUTPUT="+dir+"/output",
			"EXPERIMENT=a b.yaml", "ARGS=--rate 5", "GATES="+gates, "BASELINE="+baseline, "OUT=out")
		if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != 1 {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return string(readFile(t, dir+"/calls")), string(readFile(t, dir+"/output"))
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGitLabExampleDecodes(t *testing.T) {
	var jobs map[string]struct{ Script []string }
	decode(t, "../../deploy/gitlab/stickybench.gitlab-ci.yml", &jobs)
	script := jobs[".stickybench"].Script
	if len(script) < 3 {
		t.Fatalf("%q", script)
	}
	parses(t, "gitlab", strings.Join(script, "\n"))
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func parses(t *testing.T, name, script string) {
	t.Helper()
	if out, err := exec.Command("bash", "-n", "-c", script).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}
