// Package indicators turns harmonised figures into what is told of a place:
// values from counts with intervals, change since the baseline, trend,
// comparison groups, differences against them, goal attainment and a verdict
// from a closed set. Everything is a pure function of its input: the same
// figures, catalogue and seed give the same rows whatever the number of
// workers.
//
// # What an interval means here
//
// SSB's registers are full counts: nothing is sampled. An interval says how much
// chance alone moves a place this small: had the year been lived again with the
// same inhabitants and the same risks, 19 times out of 20 the figure would have
// landed inside. It says nothing of errors in the register.
//
// # Flows and stocks
//
// The events of several years are different events, so a pooled rate of flows
// rests on all of them. A stock counted on several dates holds largely the same
// people, so a pooled proportion is no surer than that of an average year: its
// interval, its small-number rule and its detectable change are those of the
// mean count. A population is itself the whole, and a ratio of amounts is no
// count of independent events: neither gets an interval of its own (method
// none), and what is said of them rests on the comparison with other places.
package indicators
