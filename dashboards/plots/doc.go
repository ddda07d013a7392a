// Package plots serves the charts of a release: it maps what the release holds
// to the plain structs of package chart, with texts in the reader's language, and
// answers over HTTP.
//
//	/charts/{indicator}.svg|png|pdf?municipality=3425,3421&window=1|3|5&from=&to=
//	/charts/attainment/{indicator}.svg|png|pdf?agreement=innlandet&measure=change|comparison|share
//	/charts/effects/{indicator}/{path|gaps|ratios|specification|power|balance}.svg|png|pdf?agreement=innlandet&municipality=3421|pooled
//
// All take lang=nb|nn|en and, for a screen as narrow as a telephone's, size=small.
// Municipalities stand in the order asked for or in the agreement's own, never by value.
package plots
