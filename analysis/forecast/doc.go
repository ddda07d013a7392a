// Package forecast carries short yearly series forward to a target year, with
// prediction intervals and the chance of reaching the target: exponential
// smoothing (simple, Holt, damped Holt) as state-space models, and beside them
// the two forecasts any better one must beat, the last value and the straight
// line. Rolling-origin scores say which of them has earned trust on a series.
//
// # Models
//
// With l the level, b the slope, e the one-step error and φ the damping
// (φ = 1 for Holt, b = 0 for simple smoothing):
//
//	μ_t = l_{t−1} + φ b_{t−1}
//	l_t = μ_t + α e_t
//	b_t = φ b_{t−1} + β e_t
//
// e_t = y_t − μ_t for additive errors; for multiplicative ones e_t = y_t/μ_t − 1
// and αμ_t, βμ_t stand for α, β. β is that of ETS: α times the β* of textbooks.
// The mean h steps ahead is l + (φ + … + φ^h) b and, for additive errors, its
// variance
//
//	σ²_h = σ² (1 + Σ_{j<h} (α + β φ_j)²),  φ_j = φ + … + φ^j,  σ² = SSE/(n − k)
//
// with k the number of parameters, initial states included.
//
// Literature: Hyndman, Koehler, Ord & Snyder (2008), Forecasting with
// Exponential Smoothing, ch. 5 and 6; Gardner & McKenzie (1985), Management
// Science 31:1237. Scores: Hyndman & Koehler (2006), Int. J. Forecasting 22:679.
package forecast
