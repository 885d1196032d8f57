//go:build !linux

package results

import "errors"

func kernelRelease() (string, error) { return "", errors.ErrUnsupported }
