//go:build !linux

package targets

import (
	"syscall"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Process counters and orphans are known on Linux only; elsewhere samples carry no CPU time.

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func guardedGroup() *syscall.SysProcAttr { return ownGroup() }

func signalGroup(group int, sig syscall.Signal) { _ = syscall.Kill(-group, sig) }

func groupAlive(group int) bool { return syscall.Kill(-group, 0) == nil }

func adoptOrphans() {}

func reapGroup(int) {}

func descendants(int) []int { return nil }

func measure(*results.Sample, ...int) {}

func steal() time.Duration { return 0 }
