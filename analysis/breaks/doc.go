// Package breaks finds places where the level of a series shifts: a changed
// definition, a merger, a register gone over to another source. It is used to
// question figures, not as evidence of an effect: a break at the start of a
// programme is what any change at that time would give.
//
// The model is a mean that is constant within segments. For a split after
// observation i,
//
//	F_i = (RSS₀ − RSS₁) / (RSS₁/(n − 2))
//
// with RSS₀ around one mean and RSS₁ around two. The largest F over the inner
// 70 % of the series is Andrews' (1993, Econometrica 61:821) sup-F with the
// p-value of Hansen (1997, JBES 15:60); several breaks are placed by the dynamic
// programme of Bai & Perron (2003, J. Applied Econometrics 18:1) and counted by
// BIC; OLS-CUSUM is Ploberger & Krämer (1992, Econometrica 60:271).
package breaks
