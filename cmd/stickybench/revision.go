package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/stickybench/stickybench/results"
)

// gitPatience bounds each question to git: a repository on a slow disk must not hold up a run.
const gitPatience = 5 * time.Second

// revisionHere is the state of the repository around the working directory: what git says, or else the
// variable of the CI system, which knows no uncommitted changes. Untracked files are no change, as for
// `git describe --dirty`: results themselves are untracked.
func revisionHere(ctx context.Context) results.Revision {
	if commit, err := git(ctx, "rev-parse", "--verify", "--quiet", "HEAD"); err == nil {
		changes, err := git(ctx, "status", "--porcelain", "--untracked-files=no")
		return results.Revision{Commit: commit, Dirty: err != nil || changes != "", From: "git"}
	}
	for _, name := range []string{"GITHUB_SHA", "CI_COMMIT_SHA"} {
		if commit := strings.ToLower(os.Getenv(name)); wholeHash.MatchString(commit) {
			return results.Revision{Commit: commit, From: name}
		}
	}
	return results.Revision{}
}

// A commit's hash, whole (SHA-1 or SHA-256) or as much of it as is unlikely to be a name.
var (
	wholeHash = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	someHash  = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
)

// resolveRevision finds the commit that text names. Where git knows none, digits of a hash are taken as they are:
// a CI job may have results, but not the history.
func resolveRevision(ctx context.Context, text string) (commit string, err error) {
	if text == "" || text[0] == '-' {
		return "", usage("--baseline git:%s names no revision; write git:main, git:HEAD~3 or git:COMMIT", text)
	}
	if commit, err = git(ctx, "rev-parse", "--verify", "--quiet", text+"^{commit}"); err == nil {
		return commit, nil
	}
	if someHash.MatchString(text) {
		return text, nil
	}
	return "", usage("--baseline git:%s: git finds no such revision here; fetch it (a CI checkout often has one commit only), or give its hash as git:COMMIT", text)
}

func git(ctx context.Context, args ...string) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0") // only looks
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return string(bytes.TrimSpace(out)), nil
}
