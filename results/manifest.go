package results

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// manifestFile lists what a finished directory holds, one file a line:
//
//	stickybench/manifest/v1
//	sha256 HEX NAME    a text file: nothing else would notice a flipped bit in it
//	bytes N NAME       a log: its blocks carry checksums, only its end does not
//
// It is never parsed: the directory is intact when writing it again gives the same bytes.
const manifestFile = "manifest.txt"

// sealed are the patterns of the files that reports are drawn from.
var sealed = [...]string{accessFile, "changes.jsonl", "compare.json", "exchanges.log", "experiment.yaml", "latency.hlog",
	"run.json", "samples.jsonl", "serves-*.log"}

// Seal writes the manifest of a directory that nothing writes to any more.
func (d *Dir) Seal() error { return seal(d.path) }

// Damage says what differs from the manifest; nothing when the directory is as it was sealed.
func (d *Dir) Damage() []string { return damage(d.path) }

// Damaged says what differs from the manifests of a result, run or comparison: nothing when it is as it was sealed.
func Damaged(path string) []string {
	if !IsComparison(path) {
		return damage(path)
	}
	d, err := OpenComparison(path)
	if err != nil {
		return []string{err.Error()}
	}
	found := d.Damage()
	for _, run := range RunPaths(path) {
		for _, what := range damage(run) {
			found = append(found, filepath.Join(filepath.Base(filepath.Dir(run)), filepath.Base(run))+": "+what)
		}
	}
	return found
}

func seal(path string) error {
	lines, err := manifest(path)
	if err != nil {
		return err
	}
	return replace(filepath.Join(path, manifestFile), []byte(strings.Join(lines, "\n")+"\n"))
}

func manifest(path string) (lines []string, err error) {
	lines = []string{"stickybench/manifest/v1"}
	for _, pattern := range sealed {
		names, err := filepath.Glob(filepath.Join(escaped(path), pattern))
		if err != nil {
			return nil, err
		}
		slices.Sort(names)
		for _, name := range names {
			line, err := manifestLine(name)
			if err != nil {
				return nil, err
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// escaped keeps filepath.Glob from reading a directory's own name as a pattern.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func manifestLine(path string) (string, error) {
	name := filepath.Base(path)
	if strings.HasSuffix(name, ".log") {
		info, err := os.Stat(path)
		if err != nil {
			return "", fmt.Errorf("sealing %s: %w", name, cause(err))
		}
		return fmt.Sprintf("bytes %d %s", info.Size(), name), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("sealing %s: %w", name, cause(err))
	}
	return fmt.Sprintf("sha256 %x %s", sha256.Sum256(text), name), nil
}

func damage(path string) (found []string) {
	text, err := os.ReadFile(filepath.Join(path, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return []string{manifestFile + " is missing: the run did not end by itself, or an earlier stickybench made it"}
	}
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", manifestFile, cause(err))}
	}
	now, err := manifest(path)
	if err != nil {
		return []string{err.Error()}
	}
	then := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range then {
		if !slices.Contains(now, line) {
			found = append(found, line[strings.LastIndexByte(line, ' ')+1:]+" is not as the run left it")
		}
	}
	if len(found) == 0 && string(text) != strings.Join(now, "\n")+"\n" {
		found = append(found, manifestFile+" does not list what the directory holds")
	}
	return found
}
