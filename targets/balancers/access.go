package balancers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/stickybench/stickybench/results"
)

// AccessFile is the log below Params.Directory, in the balancer's own words.
const AccessFile = "access.log"

// AccessFile is where the balancer writes its log; "" when it is to write none.
func (p Params) AccessFile() string {
	if !p.AccessLog {
		return ""
	}
	return p.File(AccessFile)
}

// Looks at logs that grow no more, and how long it goes on where they do.
const (
	settleLook = 20 * time.Millisecond
	settled    = 5 // looks without a new byte
	settleMost = 50
)

// Settle waits until the logs grow no more: a balancer writes a request's line after its answer, and one that is
// ended at once, haproxy for one, does not write the last.
func Settle(ctx context.Context, logs ...string) {
	look := time.NewTicker(settleLook)
	defer look.Stop()
	for size, calm, looks := int64(-1), 0, 0; calm < settled && looks < settleMost; looks++ {
		before := size
		if size = total(logs); size != before {
			calm = 0
		}
		calm++
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

func total(files []string) (size int64) {
	for _, path := range files {
		if about, err := os.Stat(path); err == nil {
			size += about.Size()
		}
	}
	return size
}

// Stdout is the file that the program's standard output is to go to; "" for none. Haproxy writes logs to nothing else
// that loses no line.
func (r Row) Stdout(p Params) string {
	if !r.speaks {
		return ""
	}
	return p.AccessFile()
}

// LogNotes say what the log asked for does not tell.
func (r Row) LogNotes(p Params) []string {
	if !p.AccessLog || r.logNote == "" {
		return nil
	}
	return []string{r.logNote}
}

// parser understands one balancer's lines. It hands over each request when it is complete, which may take several lines.
type parser func(line []byte, hand func(results.Access)) error

// CanLog says whether the balancer's log can be read here.
func (r Row) CanLog() bool { return r.logs != nil }

// ReadAccess hands over every request that the balancer of that name logged; lines that it cannot understand are handed
// over as unreadable. What the reference balancer writes is in the form of all.
func ReadAccess(name string, log io.Reader, hand func(results.Access) error) error {
	parse := verbatim()
	for _, row := range rows() {
		if row.Name == name && row.CanLog() {
			parse = row.logs()
		}
	}
	var failed error
	keep := func(a results.Access) { failed = errors.Join(failed, hand(a)) }
	for text := bufio.NewReader(log); failed == nil; {
		line, err := text.ReadBytes('\n')
		if len(line) > 0 && parse(line, keep) != nil {
			keep(results.Access{Unreadable: strings.TrimSpace(string(line))})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	return failed
}

// verbatim is the parser of lines that need no translation.
func verbatim() parser {
	return func(line []byte, hand func(results.Access)) error {
		var a results.Access
		if err := json.Unmarshal(line, &a); err != nil {
			return err
		}
		hand(a)
		return nil
	}
}
