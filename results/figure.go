package results

import "fmt"

// Figure is a value as people read it: times in ms, shares in %. A ratio above 1 is a factor.
func Figure(v float64, unit string) string {
	switch unit {
	case Seconds:
		if v >= 10 || v <= -10 {
			return fmt.Sprintf("%.4g s", v)
		}
		return fmt.Sprintf("%.4g ms", 1e3*v)
	case Ratio:
		if v > 1 {
			return fmt.Sprintf("%.4g", v)
		}
		return fmt.Sprintf("%.4g%%", 100*v)
	case Points:
		return fmt.Sprintf("%.4gpp", 100*v)
	case PerSecond:
		return fmt.Sprintf("%.4g/s", v)
	case Count:
		return fmt.Sprintf("%.6g", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// short has three digits, and more before the point rather than an exponent.
func short(v float64) string {
	if v >= 999.5 || v <= -999.5 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Signed is a difference as people read it, always with its sign.
func Signed(v float64, unit string) string {
	if unit == Ratio {
		return fmt.Sprintf("%+.4g%%", 100*v)
	}
	if v < 0 {
		return Figure(v, unit)
	}
	return "+" + Figure(v, unit)
}

// Measured says what a gate was judged on: the figure, or the change and what it counts from.
func (c Check) Measured() string {
	write, text := Figure, ""
	if c.Baseline != nil {
		write, text = Signed, "change "
	} else if c.Unit != "" {
		text = "measured "
	} else {
		return ""
	}
	text += write(c.Value, c.Unit)
	if c.Lo != nil && c.Hi != nil {
		text += fmt.Sprintf(" (%s … %s)", write(*c.Lo, c.Unit), write(*c.Hi, c.Unit))
	}
	return text
}

// Outcome is what was measured and what is to be said of it.
func (c Check) Outcome() string {
	measured := c.Measured()
	if measured == "" || c.Why == "" {
		return measured + c.Why
	}
	return measured + "; " + c.Why
}
