// Package effects asks what would have happened without the agreement, and
// whether we could even see it: for every registered design it estimates the
// effect on each municipality and on all of them together, with the primary
// method and every other side by side, and says what that does and does not show.
//
// It works on the indicator values of a release, rebuilt from counts, and on
// its comparison groups; what it adds are the Effect, EffectPath, EffectWeight,
// EffectPlacebo, EffectShare and Power rows. Everything is a function of
// content, catalogue and seed, whatever the number of workers.
//
// # Panels
//
// The unit of study is a municipality, or an agreement's municipalities taken
// together with counts summed before any rate is made. Its donors are its
// comparison group: screened on figures up to the year before, never on the
// agreement's own period. A count, such as population, is brought to the size of
// the treated unit (each donor times own level over donor's level before the
// start), so that a percentage change means the same everywhere.
//
// # Noise and size
//
// Small places vary more than large ones. Every placebo is therefore compared
// after size adjustment (Ferman & Pinto 2019, REStat 101:452): its effect times
// √(v(M₁)/v(M_j)) with v(M) = a + b/M fitted to the placebos. The unadjusted p is
// shown beside the adjusted one.
//
// # Looks
//
// Yearly judgements are repeated looks at the same question. A design names one
// confirmatory year; estimates before it carry the flag «descriptive» and their
// verdicts are read so.
package effects
