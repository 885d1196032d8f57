package results

import "runtime"

// ThisHost describes the machine; what the system does not tell stays empty.
func ThisHost() Host {
	host := Host{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	describe(&host)
	return host
}
