package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
)

// Every command line in README, docs and help texts names a command, flags and gates that exist.
func TestCommandLinesOfTheDocs(t *testing.T) {
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range append(paths, "../../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(blocksOf(string(text))) {
			if rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "stickybench "); ok && !strings.HasPrefix(rest, " ") { // a table of figures has spaces
				seen++
				understood(t, filepath.Base(path), rest)
			}
		}
	}
	each(newRoot(), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "stickybench "); ok {
				seen++
				rest, _, _ = strings.Cut(rest, "&&")
				understood(t, cmd.CommandPath()+" --help", rest)
			}
		}
	})
	if seen < 40 {
		t.Errorf("only %d command lines were found", seen)
	}
}

// blocksOf are the shell blocks of a page: those without a language, and sh and console.
func blocksOf(text string) string {
	var blocks strings.Builder
	for _, m := range regexp.MustCompile("(?ms)^```(sh|console)?\n(.*?)^```").FindAllStringSubmatch(text, -1) {
		blocks.WriteString(strings.ReplaceAll(m[2], "\\\n", " "))
	}
	return blocks.String()
}

func each(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		each(sub, do)
	}
}

// words are those of a shell: quotes hold, a comment, pipe or redirection ends them.
var word = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s"']+(?:"[^"]*"|'[^']*')?`)

func understood(t *testing.T, where, line string) {
	t.Helper()
	var args []string
	for _, w := range word.FindAllString(line, -1) {
		if strings.HasPrefix(w, "#") || w == "|" || w == ">" || w == "&" || w == "…" {
			break
		}
		args = append(args, strings.NewReplacer(`"`, "", `'`, "").Replace(w))
		if w[0] == '"' || w[0] == '\'' {
			args[len(args)-1] = w[1 : len(w)-1]
		}
	}
	cmd, rest, err := newRoot().Find(args)
	if err != nil {
		t.Errorf("%s: stickybench %s: %v", where, line, err)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%s: stickybench %s: %v", where, line, err)
		return
	}
	if gates, err := cmd.Flags().GetStringArray("gate"); err == nil {
		if err := analysis.CheckGates(gates); err != nil {
			t.Errorf("%s: stickybench %s: %v", where, line, err)
		}
	}
}
