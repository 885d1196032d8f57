package balancers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

func lighttpd() Row {
	return Row{
		Name:    "lighttpd",
		Binary:  "lighttpd",
		told:    true,
		Install: "Debian: apt-get install lighttpd",
		HTTP2:   true,
		config:  lighttpdFile,
		version: []string{"-v"},
		command: func(p Params) ([]string, error) {
			return []string{"-D", "-f", p.File(lighttpdFile)}, nil
		},
		detection:  nginxDetection, // passive checks in whole seconds too, and once a second it looks which are over
		reload:     lighttpdReload,
		Mechanisms: lighttpdMechanisms(),
	}
}

// What lies below Params.Directory.
const lighttpdFile, lighttpdPID, lighttpdLog = "lighttpd.conf", "lighttpd.pid", "error.log"

// lighttpdMechanisms leave out "hash", which goes by the URL and so binds no session.
func lighttpdMechanisms() []Mechanism {
	return []Mechanism{
		{
			Mechanism: results.Mechanism{Name: "sticky", Family: results.MoveAndHome, Key: keyAddress, Disruption: minimal, Agreement: results.Agree},
			Marker:    NoMarker,
			Notes:     []string{"lighttpd compares hashes bit by bit from the top: its shares are halves of halves, of four instances a quarter each or 1/2, 1/4, 1/8 and 1/8, as their ports happen to hash"},
			text:      lighttpdConfig("sticky"),
		},
		{
			Mechanism: results.Mechanism{Name: "round-robin", Family: results.NoAffinity, Key: none, Disruption: none},
			Marker:    NoMarker,
			text:      lighttpdConfig("round-robin"),
		},
	}
}

// lighttpdConfig puts the way of balancing into the configuration. Unless told, lighttpd reads an answer to its end before it passes it
// on, and closes connections after 5 s without use. A reload lets what is under way end first, for 3 s at most, while new connections
// wait: with "server.graceful-restart-bg", which does both at once, a tenth of the reloads lost a new connection.
func lighttpdConfig(balance string) string {
	return `# written by stickybench; changes are lost
server.modules = ("mod_extforward", "mod_proxy")
server.document-root = {{.JSON .Directory}}
server.upload-dirs = ({{.JSON .Directory}})
server.pid-file = {{.JSON (.File "` + lighttpdPID + `")}}
server.errorlog = {{.JSON (.File "` + lighttpdLog + `")}}
{{- $at := .HostPort .Listen}}
server.bind = "{{index $at 0}}"
server.port = {{index $at 1}}
server.listen-backlog = 4096
server.max-keep-alive-idle = 60
server.max-keep-alive-requests = 65535
server.stream-response-body = 1
server.feature-flags = ("server.graceful-shutdown-timeout" => 3)
{{- if .Proxied}}
extforward.hap-PROXY = "enable"
extforward.forwarder = ("all" => "trust")
extforward.headers = ()
{{- end}}
{{- if .Forwarded}}
extforward.forwarder = ("all" => "trust")
extforward.headers = ("X-Forwarded-For")
{{- end}}
proxy.balance = "` + balance + `"
proxy.header = ("upgrade" => "enable")
proxy.server = ("" => (
{{- range .Instances}}{{$at := $.HostPort .Address}}
    ("host" => "{{index $at 0}}", "port" => {{index $at 1}}, "connect-timeout" => {{$.WholeSeconds $.Health.Timeout}}, "disable-time" => {{$.WholeSeconds $.Health.FailTimeout}}), # {{.Name}}
{{- end}}
))
`
}

// HostPort takes HOST:PORT apart.
func (Params) HostPort(address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	return []string{host, port}, err
}

// lighttpdReload checks the configuration first, because lighttpd ends when it starts again with a bad one. It returns when it has
// started again, which its log tells.
func lighttpdReload(ctx context.Context, b Running) error {
	if err := b.tell(ctx, "-tt", "-f", b.Params.File(lighttpdFile)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	main, err := processID(ctx, b.Params.File(lighttpdPID))
	if err != nil {
		return err
	}
	before := lighttpdStarts(b)
	if err := syscall.Kill(main, syscall.SIGUSR1); err != nil {
		return err
	}
	for lighttpdStarts(b) == before {
		if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("it has not started again within %v", reloadTimeout)
		}
	}
	return nil
}

// lighttpdStarts counts how often the log says that it started; without a log it has not.
func lighttpdStarts(b Running) int {
	said, _ := os.ReadFile(b.Params.File(lighttpdLog))
	return bytes.Count(said, []byte("server started"))
}
