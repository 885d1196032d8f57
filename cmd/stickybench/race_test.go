//go:build race

package main

// underRace: single-threaded work is done in part only, for it takes many times as long.
const underRace = true
