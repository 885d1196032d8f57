package analysis

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// logLines are a balancer's log in memory.
type logLines []results.Access

func (l *logLines) Next(a *results.Access) (more bool, err error) {
	if len(*l) == 0 {
		return false, nil
	}
	*a, *l = (*l)[0], (*l)[1:]
	return true, nil
}

func (l *logLines) Close() {}

// log reads what follows "log": USER INSTANCE[,INSTANCE…] seq=N …
func (s *teller) log(now clock.Time, words []string) error {
	u, err := user(words[0])
	if err != nil {
		return err
	}
	a := results.Access{Time: now.Add(time.Millisecond), Status: 200, Session: fmt.Sprintf("%d.0", u)}
	var took time.Duration
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(value)
		d, _ := time.ParseDuration(value)
		switch name {
		case "seq":
			a.Seq = uint32(n)
		case "took":
			a.Took = d
		case "tries":
			took = d
		case "retries":
			a.Retries = n
		case "cut":
			a = results.Access{Unreadable: "{"}
		default:
			return fmt.Errorf("unknown word %q", word)
		}
	}
	for _, name := range strings.Split(words[1], ",") {
		a.Tries = append(a.Tries, results.Try{Instance: name, Took: took})
	}
	a.Retries = max(a.Retries, len(a.Tries)-1)
	s.logged = append(s.logged, a)
	return nil
}

// A run whose balancer's log is missing or cut short is analyzed all the same, and says so.
func TestDamagedAccessLogIsAWarning(t *testing.T) {
	for name, c := range map[string]struct {
		keep func(t *testing.T, dir *results.Dir)
		want string
	}{
		"missing": {func(*testing.T, *results.Dir) {}, "lb.access_log: the balancer's log is missing; its account was not compared"},
		"cut short": {func(t *testing.T, dir *results.Dir) {
			log, err := dir.AccessLog()
			must(t, err)
			must(t, log.Append(results.Access{Time: start + 1, Session: "0.0", Status: 200}))
			must(t, log.Close())
			path := filepath.Join(dir.Path(), "access.jsonl")
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, text[:len(text)/2], 0o644))
		}, "1 lines of the balancer's log cannot be read, as when it is killed while writing; they are left out"},
	} {
		dir, err := results.Open(recorded(t))
		must(t, err)
		exp := profiles.Default()
		exp.Balancer.Log = true
		text, err := exp.Encode()
		must(t, err)
		must(t, dir.WriteExperiment(text))
		c.keep(t, dir)
		must(t, dir.Seal())
		report, err := Analyze(dir)
		must(t, err)
		if !slices.Contains(report.Warnings, c.want) || strings.HasPrefix(strings.Join(report.Reasons, "\n"), damaged) {
			t.Errorf("%s: warnings %q, reasons %q; want %q", name, report.Warnings, report.Reasons, c.want)
		}
	}
}
