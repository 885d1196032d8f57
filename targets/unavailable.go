package targets

import "errors"

// ErrUnavailable is the class of everything that could not be started or reached.
var ErrUnavailable = errors.New("something under test could not be started or reached")

// unavailable puts cause into the class without adding words to its one clear line.
type unavailable struct{ cause error }

func (u unavailable) Error() string        { return u.cause.Error() }
func (u unavailable) Unwrap() error        { return u.cause }
func (u unavailable) Is(target error) bool { return target == ErrUnavailable }
