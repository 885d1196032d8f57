package balancers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// nghttpxReload tells the main process to read its configuration again and waits for what comes of it: a new worker process,
// which knows another revision, or an error in the log.
func nghttpxReload(ctx context.Context, b Running) error {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	before, err := nghttpxRevision(ctx, b.Params.Socket)
	if err != nil {
		return err
	}
	log, err := os.Open(b.Params.File("error.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	if _, err := log.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	main, err := processID(ctx, b.Params.File(nghttpxPID))
	if err != nil {
		return err
	}
	if err := syscall.Kill(main, syscall.SIGHUP); err != nil {
		return err
	}
	var said []byte
	for {
		if now, err := nghttpxRevision(ctx, b.Params.Socket); err == nil && now != before {
			return nil
		}
		more, err := io.ReadAll(log)
		if err != nil {
			return err
		}
		if said = append(said, more...); bytes.HasSuffix(said, []byte("\n")) {
			if err := nghttpxComplaint(string(said)); err != nil {
				return err
			}
		}
		if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("no new worker within %v", reloadTimeout)
		}
	}
}

// nghttpxRevision is what the worker process that answers says of its configuration. Each question has its own connection, as
// a kept one would lead to the old worker (nghttpx's manual, API ENDPOINTS).
func nghttpxRevision(ctx context.Context, socket string) (string, error) {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nghttpx/api/v1beta1/configrevision", http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return string(text), err
}

// nghttpxComplaint is the first error in what the log said: "DATE PID PID THREAD ERROR (FILE:LINE) TEXT". The last one says only
// that there was one.
func nghttpxComplaint(said string) error {
	for line := range strings.Lines(said) {
		if _, text, found := strings.Cut(line, " ERROR ("); found {
			_, text, _ = strings.Cut(text, ") ")
			return errors.New(strings.TrimSpace(text))
		}
	}
	return nil
}
