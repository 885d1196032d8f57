package results

import (
	"runtime"

	"github.com/prometheus/procfs"
)

// ThisHost describes the machine; what the system does not tell stays empty.
func ThisHost() Host {
	host := Host{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return host
	}
	if info, err := fs.CPUInfo(); err == nil && len(info) > 0 {
		host.CPU = info[0].ModelName
	}
	if mem, err := fs.Meminfo(); err == nil && mem.MemTotalBytes != nil {
		host.MemoryBytes = *mem.MemTotalBytes
	}
	host.Kernel, _ = kernelRelease()
	return host
}
