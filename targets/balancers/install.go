package balancers

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
)

// Path finds the program. Debian keeps servers in sbin directories that an ordinary user's PATH lacks.
func (r Row) Path() (string, error) {
	if path, err := exec.LookPath(r.Binary); err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, r.Binary)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: install it (%s) or choose --lb builtin:cookie", r.Name, r.Install)
}

// Version asks the program, e.g. "2.6.12"; it is empty for exec.
func (r Row) Version(ctx context.Context) (string, error) {
	if r.Binary == "" {
		return "", nil
	}
	path, err := r.Path()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, path, r.version...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", r.Name, err)
	}
	return version(out), nil
}

// version is the first dotted number, without a distribution's suffix.
func version(out []byte) string {
	return string(regexp.MustCompile(`\d+\.\d+(\.\d+)?`).Find(out))
}
