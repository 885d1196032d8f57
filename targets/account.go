package targets

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// unprivileged is the account for programs that refuse to run as root.
const unprivileged = "nobody"

// credential is that of an account; nil for our own, which is all that we can be unless we are root.
func credential(account string) (*syscall.Credential, error) {
	if account == "" || os.Geteuid() != 0 {
		return nil, nil
	}
	found, err := user.Lookup(account)
	if err != nil {
		return nil, fmt.Errorf("running a program as %s: %w", account, err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("running a program as %s: %w", account, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("running a program as %s: %w", account, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// handOver gives a directory to an account.
func handOver(dir, account string) error {
	who, err := credential(account)
	if err != nil || who == nil {
		return err
	}
	return os.Chown(dir, int(who.Uid), int(who.Gid))
}
