// Package synth estimates synthetic controls: classic with predictors and a
// search for their weights, outcome-only, demeaned, penalised and
// ridge-augmented, for one treated unit, a block, or several pooled in part.
//
// Notation: Y₁t is the treated outcome, Y₀t the J donors', X₁ and X₀ the K
// predictors. Every fit solves its inner problem exactly with package simplexls
// and reports the certificate. No period at or after the start of treatment is
// ever used to choose weights.
package synth
