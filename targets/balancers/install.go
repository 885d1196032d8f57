package balancers

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	if v := version(out); v != "" {
		return v, nil
	}
	return builtVersion(path), nil
}

// builtVersion is what the Go tool noted in the program: Caddy installed from source does not say its own.
func builtVersion(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	return version([]byte(info.Main.Version))
}

// Supports says why this version of the balancer does not have the mechanism, or nil.
func (r Row) Supports(m Mechanism, version string) error {
	if m.Since != "" && version != "" && older(version, m.Since) {
		return fmt.Errorf("%s:%s needs %s %s or newer, %s is installed; put a newer one first on the PATH (%s)",
			r.Name, m.Name, r.Name, m.Since, version, r.Install)
	}
	return nil
}

// Learns says why this version of the balancer cannot be told clients' addresses as p asks, or nil.
func (r Row) Learns(p Params, version string) error {
	if (p.Proxied() || p.Forwarded()) && r.toldSince != "" && version != "" && older(version, r.toldSince) {
		return fmt.Errorf("load.client_address.via: %s learns addresses by %s from %s on, %s is installed; use source, or put a newer one first on the PATH (%s)",
			r.Name, p.Via, r.toldSince, version, r.Install)
	}
	return nil
}

// older compares dotted numbers, part by part.
func older(version, than string) bool {
	return slices.CompareFunc(strings.Split(version, "."), strings.Split(than, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	}) < 0
}

// version is the first dotted number, without a distribution's suffix.
func version(out []byte) string {
	return string(regexp.MustCompile(`\d+\.\d+(\.\d+)?`).Find(out))
}
