package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

// The documented exit codes.
const (
	exitOK           = 0
	exitGateFailed   = 1
	exitUsage        = 2
	exitInconclusive = 3
	exitInvalid      = 4
	exitUnavailable  = 5
	exitInterrupted  = 130
)

// exit is an error that carries its exit code; a nil cause prints nothing.
type exit struct {
	code  int
	cause error
}

func (e exit) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func (e exit) Unwrap() error { return e.cause }

// usage is a mistake in the command line or an input.
func usage(format string, args ...any) error {
	return exit{exitUsage, fmt.Errorf(format, args...)}
}

// wrongInput marks err, if any, as the user's to mend.
func wrongInput(err error) error {
	if err == nil {
		return nil
	}
	return exit{exitUsage, err}
}

// verdictError turns a verdict into the error that gives its exit code.
func verdictError(v results.Verdict) error {
	switch v {
	case results.Pass:
		return nil
	case results.Fail:
		return exit{code: exitGateFailed}
	case results.Invalid:
		return exit{code: exitInvalid}
	default:
		return exit{code: exitInconclusive}
	}
}

func exitCode(err error) int {
	var e exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	case errors.Is(err, targets.ErrUnavailable):
		return exitUnavailable
	default:
		return exitUsage
	}
}

// describe is the one line that err deserves on standard error.
func describe(err error) string {
	var e exit
	if err == nil || (errors.As(err, &e) && e.cause == nil) {
		return ""
	}
	return strings.TrimSpace(err.Error())
}

// args wraps cobra's positional checks so that they end with the usage exit code.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usage("%v; usage: %s", err, cmd.UseLine())
		}
		return nil
	}
}
