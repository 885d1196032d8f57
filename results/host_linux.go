package results

import (
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

func describe(host *Host) {
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		host.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return
	}
	if info, err := fs.CPUInfo(); err == nil && len(info) > 0 {
		host.CPU = info[0].ModelName
	}
	if mem, err := fs.Meminfo(); err == nil && mem.MemTotalBytes != nil {
		host.MemoryBytes = *mem.MemTotalBytes
	}
}
