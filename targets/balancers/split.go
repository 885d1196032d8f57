package balancers

import (
	"fmt"
	"strings"
)

// split cuts a command line into words as a POSIX shell does with blanks, both quotes and
// backslash; it expands nothing.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote, escaped := false, rune(0), false
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			inWord, escaped = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			inWord, quote = true, c
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			inWord = true
			word.WriteRune(c)
		}
	}
	if quote != 0 || escaped {
		return nil, UseError(fmt.Sprintf("%q ends inside a quotation; close the quote", line))
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
