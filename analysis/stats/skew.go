package stats

import "math"

// Effective is (ΣX)²/ΣX², how many equal sessions the weights are worth; 0 without weight.
func Effective(weights []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range weights {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / squares
}

// CV is the coefficient of variation with divisor n; 0 without load.
func CV(loads []float64) float64 {
	n, sum := float64(len(loads)), 0.0
	for _, x := range loads {
		sum += x
	}
	if sum == 0 {
		return 0
	}
	squares := 0.0
	for _, x := range loads {
		squares += (x - sum/n) * (x - sum/n)
	}
	return math.Sqrt(squares/n) / (sum / n)
}

// Jain is Jain's fairness index, 1 when even, 1/n when one instance has all.
func Jain(cv float64) float64 { return 1 / (1 + cv*cv) }

// Unavoidable is the expected CV of a random assignment to n instances.
func Unavoidable(n int, effective float64) float64 { return math.Sqrt(float64(n-1) / effective) }

// Excess is what the balancer adds to the unavoidable CV, without bias; negative is better than
// random. effective must be above 1.
func Excess(cv float64, n int, effective float64) float64 {
	square := (cv*cv - float64(n-1)/effective) / (1 - 1/effective)
	return math.Copysign(math.Sqrt(math.Abs(square)), square)
}
