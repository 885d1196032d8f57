package results

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// JUnit has no word for inconclusive or invalid. Neither may look green: the first is a failure, the
// second an error, of that type.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the verdict and each gate as test cases.
func JUnit(w io.Writer, r *Report) error {
	r = r.finite()
	suite := junitSuite{Name: plain(r.title()), Out: plain(strings.Join(append(r.Reasons[:len(r.Reasons):len(r.Reasons)], r.notes()...), "\n"))}
	suite.Cases = append(suite.Cases, junitCaseOf("verdict", suite.Name, r.Verdict, strings.Join(r.Reasons, "; ")))
	for _, c := range r.Checks {
		suite.Cases = append(suite.Cases, junitCaseOf(c.Gate, suite.Name, c.Verdict, c.Outcome()))
	}
	total := 0.0
	for _, run := range r.Runs {
		total += run.Duration
		suite.Properties = append(suite.Properties, junitProperty{"run", plain(run.Facts())})
	}
	suite.Time = seconds3(total)
	for _, c := range suite.Cases {
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Error != nil {
			suite.Errors++
		}
	}
	all := junitSuites{Name: "stickybench", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suites: []junitSuite{suite}}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding JUnit XML: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func seconds3(s float64) string {
	return fmt.Sprintf("%.3f", time.Duration(max(0, s)*1e9).Seconds())
}

func junitCaseOf(name, class string, v Verdict, why string) junitCase {
	c := junitCase{Name: plain(name), Class: class}
	problem := &junitProblem{Type: string(v), Message: plain(why), Text: plain(why)}
	switch v {
	case Pass:
	case Invalid:
		c.Error = problem
	default:
		c.Failure = problem
	}
	return c
}

// plain leaves out what XML cannot carry.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return '?'
		}
		return r
	}, text)
}
