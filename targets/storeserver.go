package targets

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// storeServer is a session store program that a run can start for itself.
type storeServer struct {
	name, program, install string
	account                string // user that it runs as when we are root; empty = root is fine
	command                func(program, dir, address string) []string
	url                    func(address string) string
}

// initdbAndServe runs under one guard, so that also an interrupted initdb leaves nothing. $0 is the
// program, $1 the directory, $2 and $3 host and port.
const initdbAndServe = `"${0%/*}/initdb" -D "$1/data" -A trust -U stickybench --no-sync -E UTF8 --locale=C >/dev/null || exit
exec "$0" -D "$1/data" -h "$2" -p "$3" -k "$1" -F -c max_connections=1000`

func storeServers() []storeServer {
	return []storeServer{
		{name: "redis", program: "redis-server", install: "apt-get install redis-server",
			command: func(program, dir, address string) []string {
				host, port, _ := net.SplitHostPort(address)
				return []string{program, "--bind", host, "--port", port, "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"}
			},
			url: func(address string) string { return "redis://" + address }},
		{name: "memcached", program: "memcached", install: "apt-get install memcached", account: unprivileged,
			command: func(program, _, address string) []string {
				host, port, _ := net.SplitHostPort(address)
				return []string{program, "-l", host, "-p", port, "-U", "0", "-m", "256", "-c", "20000"}
			},
			url: func(address string) string { return "memcached://" + address }},
		{name: "postgres", program: "postgres", install: "apt-get install postgresql", account: unprivileged,
			command: func(program, dir, address string) []string {
				host, port, _ := net.SplitHostPort(address)
				return []string{"sh", "-c", initdbAndServe, program, dir, host, port}
			},
			url: func(address string) string { return "postgres://stickybench@" + address + "/postgres?sslmode=disable" }},
	}
}

// lookupServer finds a row by its name, which the experiment was checked for.
func lookupServer(name string) storeServer {
	all := storeServers()
	return all[slices.IndexFunc(all, func(s storeServer) bool { return s.name == name })]
}

// find finds the program, also outside the path of ordinary users and where Debian hides PostgreSQL's.
func (s storeServer) find() (string, error) {
	for _, name := range []string{s.program, "/usr/sbin/" + s.program} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + s.program); len(found) > 0 {
		return found[len(found)-1], nil
	}
	return "", fmt.Errorf("store %s:start: %s is not installed; %s, or use --store embedded", s.name, s.program, s.install)
}

// version is what the program says of itself, up to its number; empty when it says nothing.
func (s storeServer) version(ctx context.Context, program string) string {
	text, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return ""
	}
	words := strings.Fields(string(text))
	number := slices.IndexFunc(words, func(word string) bool { return strings.ContainsAny(word, "0123456789") })
	return strings.Join(words[:number+1], " ")
}
