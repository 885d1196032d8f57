package main

import (
	"errors"
	"io"
	"os"

	"github.com/stickybench/stickybench/results"
)

// tellGitHub annotates the job and adds to its summary when this runs in GitHub Actions. Workflow
// commands go to standard error, which may be given over to JSON elsewhere.
func tellGitHub(stderr io.Writer, report *results.Report) error {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	err := results.Annotations(stderr, report)
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return err
	}
	f, opening := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if opening != nil {
		return errors.Join(err, usage("GITHUB_STEP_SUMMARY: %w", opening))
	}
	return errors.Join(err, results.Markdown(f, report), f.Close())
}
