package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// tagsFile names a result and keeps it from being pruned. It is no record: reports do not depend on it.
const tagsFile = "tags.json"

var tagName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,99}$`)

// Tags reads the tags of a result directory; damage to them is an error, because a tag protects.
func Tags(dir string) (tags []string, err error) {
	text, err := os.ReadFile(filepath.Join(dir, tagsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &tags)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove the file or set the tags again", filepath.Join(dir, tagsFile), cause(err))
	}
	return tags, nil
}

// SetTags replaces them.
func SetTags(dir string, tags []string) error {
	for _, tag := range tags {
		if !tagName.MatchString(tag) {
			return fmt.Errorf("tag %q: want letters, digits and . _ / : @ -, beginning with a letter or digit", tag)
		}
	}
	tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	text, err := json.Marshal(tags)
	if err != nil {
		return fmt.Errorf("encoding tags: %w", err)
	}
	return replace(filepath.Join(dir, tagsFile), append(text, '\n'))
}

// Tagged lists the result directories below root that have the tag, by name.
func Tagged(root, tag string) (dirs []string) {
	entries, _ := os.ReadDir(root) // no results, no tags
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		if tags, err := Tags(path); err == nil && slices.Contains(tags, tag) {
			dirs = append(dirs, path)
		}
	}
	return dirs
}

// IsResult says whether path is the directory of a run, a comparison or a series.
func IsResult(path string) bool {
	return IsComparison(path) || IsSeries(path) || exists(path, "run.json")
}
