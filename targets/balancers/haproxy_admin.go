package balancers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

func haproxyDrain(ctx context.Context, b Running, instance string) error {
	state := "ready"
	for _, i := range b.Params.Instances {
		if i.Name == instance && i.Draining {
			state = "drain"
		}
	}
	answer, err := haproxyOrder(ctx, b.Params.Socket, fmt.Sprintf("set server be/%s state %s\n", instance, state))
	if err == nil && answer != "" {
		err = errors.New(answer)
	}
	return err
}

// haproxyReload checks the configuration first, because the master reloads a bad one without a word
// and goes on with the old worker. It returns when a new worker has taken over.
func haproxyReload(ctx context.Context, b Running) error {
	if err := b.tell(ctx, "-c", "-f", b.Params.File("haproxy.cfg")); err != nil {
		return haproxyAlert(err)
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	before, err := haproxyMaster(ctx, b, "show proc\n")
	if err != nil {
		return err
	}
	if _, err := haproxyMaster(ctx, b, "reload\n"); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // it may start again without an answer
		return err
	}
	for {
		now, err := haproxyGlance(ctx, b)
		if err == nil && worker(now) != "" && worker(now) != worker(before) {
			return nil
		}
		if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("no new worker within %v", reloadTimeout)
		}
	}
}

// haproxyGlance asks the master for its processes. It does not answer while it starts again, and may then have forgotten that it
// was asked.
func haproxyGlance(ctx context.Context, b Running) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout/20)
	defer cancel()
	return haproxyOrder(ctx, b.Params.Beside(masterSocket), "show proc\n")
}

// haproxyWord is one thing that haproxy says: "[ALERT] (PID) : TEXT", and the next begins.
var haproxyWord = regexp.MustCompile(`\[ALERT\] \(\d+\) : (.*?)(?: \[(?:ALERT|WARNING|NOTICE)\] |$)`)

// haproxyAlert is the first alert in what haproxy said, or all of it.
func haproxyAlert(said error) error {
	if alert := haproxyWord.FindStringSubmatch(said.Error()); alert != nil {
		return errors.New(alert[1])
	}
	return said
}

// haproxyMaster gives the master an order, as soon as it listens: it starts again once its first worker is up.
func haproxyMaster(ctx context.Context, b Running, order string) (answer string, err error) {
	for {
		answer, err = haproxyOrder(ctx, b.Params.Beside(masterSocket), order)
		if !errors.Is(err, syscall.ECONNREFUSED) || clock.Sleep(ctx, 10*time.Millisecond) != nil {
			return answer, err
		}
	}
}

// haproxyPoint moves a server at run time: a reload would empty the stick-tables as well.
func haproxyPoint(ctx context.Context, b Running, instance, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	answer, err := haproxyOrder(ctx, b.Params.Socket, fmt.Sprintf("set server be/%s addr %s port %s\n", instance, host, port))
	if err == nil && !strings.Contains(answer, "changed from") {
		err = errors.New(answer)
	}
	return err
}

// haproxyLinked waits until every other peer is connected. A process teaches its successor only once it has
// stopped waiting for a predecessor of its own and for the other peers, which takes haproxy 5 s each.
func haproxyLinked(ctx context.Context, b Running, ripe bool) error {
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	for {
		answer, err := haproxyOrder(ctx, b.Params.Socket, "show peers replicas\n")
		if err != nil {
			return err
		}
		connected := strings.Count(answer, "status=ESTA") >= len(b.Params.Peers)-1
		if connected && (!ripe || strings.Contains(answer, "resync_timeout=<PAST>")) {
			return nil
		}
		if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("%s has not found its peers after %v", b.Params.Name, linkTimeout)
		}
	}
}

const linkTimeout = 20 * time.Second

// worker finds the process id of the current worker in what "show proc" says.
func worker(said string) string {
	for line := range strings.Lines(said) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == "worker" {
			return fields[0]
		}
		if strings.HasPrefix(line, "# old workers") {
			break
		}
	}
	return ""
}

// haproxyOrder gives the answer to one order. The master waits for the end of what it is told before it answers all of it.
func haproxyOrder(ctx context.Context, socket, order string) (string, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline := time.Now().Add(orderTimeout)
	if ends, ok := ctx.Deadline(); ok && ends.Before(deadline) {
		deadline = ends
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, order); err != nil {
		return "", err
	}
	if end, ok := conn.(*net.UnixConn); ok {
		_ = end.CloseWrite() // if that fails, so will the reading
	}
	answer, err := io.ReadAll(conn)
	return strings.TrimSpace(string(answer)), err
}
