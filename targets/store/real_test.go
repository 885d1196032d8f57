package store

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestRealRedis(t *testing.T) {
	program, port := needs(t, "redis-server"), reservedPort(t)
	running(t, exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()))
	fulfilsReal(t, "redis://127.0.0.1:"+port, 0)
}

func TestRealMemcached(t *testing.T) {
	program, port := needs(t, "memcached"), reservedPort(t)
	running(t, exec.Command(program, "-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "nobody"))
	fulfilsReal(t, "memcached://127.0.0.1:"+port, 2*time.Second)
}

func TestRealPostgres(t *testing.T) {
	program, port := needs(t, "postgres"), reservedPort(t)
	dir, err := os.MkdirTemp("", "stickybench-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data := filepath.Join(dir, "data")
	initialise := unprivileged(t, dir, exec.Command(filepath.Join(filepath.Dir(program), "initdb"), "-D", data, "-A", "trust", "-U", "stickybench", "--no-sync"))
	if text, err := initialise.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, text)
	}
	running(t, unprivileged(t, dir, exec.Command(program, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "", "-F")))
	url := "postgres://stickybench@127.0.0.1:" + port + "/postgres"
	fulfilsReal(t, url, 0)
	t.Run("expired rows are swept", func(t *testing.T) { sweeps(t, url) })
}

func sweeps(t *testing.T, url string) {
	s := opened(t, Options{Use: url, TTL: 50 * time.Millisecond})
	save(t, s, "never-read-again", Record{Epoch: 1})
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for rows := 1; rows > 0; wait(50 * time.Millisecond) { // the test's own deadline bounds it
		if err := c.QueryRow(t.Context(), `SELECT count(*) FROM stickybench_session WHERE id LIKE '%never-read-again'`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
	}
}

// fulfilsReal runs the contracts against a server that is just starting.
func fulfilsReal(t *testing.T, url string, late time.Duration) {
	t.Helper()
	reachable(t, opener(t, url))
	fulfils(t, url, late)
}

// needs finds a program, also where Debian hides PostgreSQL's; without it the test is skipped,
// unless real ones are required.
func needs(t *testing.T, program string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program); len(found) > 0 {
		return found[len(found)-1]
	}
	if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
		t.Fatalf("%s is required here and not installed", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

// running starts a server and ends it with the test; SIGINT is PostgreSQL's quick orderly end.
func running(t *testing.T, server *exec.Cmd) {
	t.Helper()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Signal(os.Interrupt); _ = server.Wait() })
}

// unprivileged runs cmd in dir and, for root, as nobody: PostgreSQL refuses root.
func unprivileged(t *testing.T, dir string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	cmd.Dir = dir
	if os.Geteuid() != 0 {
		return cmd
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return cmd
}
