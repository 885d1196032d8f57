package targets

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// guardedGroup additionally ties the child to the life of the thread that starts it.
func guardedGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func signalGroup(group int, sig syscall.Signal) { _ = syscall.Kill(-group, sig) } // gone already is fine

func groupAlive(group int) bool { return syscall.Kill(-group, 0) == nil }

// adoptOrphans makes this process the parent of its descendants' orphans, so that it can reap them.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// reapGroup collects dead members of the group that are our children by now.
func reapGroup(group int) {
	for {
		pid, err := syscall.Wait4(-group, nil, syscall.WNOHANG, nil)
		if err != nil || pid <= 0 {
			return
		}
	}
}

// descendants lists the children of pid, their children and so on.
func descendants(pid int) []int {
	var all []int
	for _, task := range numbers(fmt.Sprintf("/proc/%d/task", pid)) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, task)) // gone is empty
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}

// numbers lists the entries of a /proc directory that are numbers.
func numbers(dir string) []int {
	entries, _ := os.ReadDir(dir) // a process that is gone has none
	var all []int
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil {
			all = append(all, n)
		}
	}
	return all
}
