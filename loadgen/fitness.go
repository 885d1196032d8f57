package loadgen

// Finding is one property of the machine that measuring depends on.
type Finding struct {
	What   string // "open files"
	Saw    string // the value found
	Advice string // what is wrong with it and how to mend it; empty = fit
}
