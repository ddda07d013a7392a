// Package inference says how sure an effect is, for any panel.Estimator: in-space,
// in-time, rolling-origin and leave-out placebos, placebos adjusted for the size of
// the units, conformal p-values and intervals, the cross-fitted t-test, the joint
// permutation test for several treated units, and the gates a fit must pass before
// a causal word is used.
//
// With N donors a permutation p-value cannot fall below 1/(N+1), and with T
// periods a conformal one not below 1/T. Every result carries that bound, the
// number of units it compares and, where it is not defined, a named Reason: no
// field is ever NaN or infinite.
//
// Results do not depend on the number of workers, and every random replicate has
// its own PCG stream derived from the seed.
package inference
