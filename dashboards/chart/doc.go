// Package chart draws the house's charts from plain structs to SVG, PNG and
// PDF: lines with interval bands (Lines), estimates with intervals (Dots),
// a distribution of placebos (Strip), and a spark for tables (Spark).
//
// The house style: Liberation Sans, the unit set level above the axis, light
// horizontal grid lines only, lines labelled at their ends where no two labels
// meet, the colours of Okabe & Ito (2008) with a dash and a marker of its own per
// series so that greyscale and colour-blind readers tell them apart, Norwegian
// numbers, gaps where figures are missing, and the source inside the picture. A
// chart without a source, a title or a description is refused.
//
// Every picture is a pure function of its struct: the same struct gives the same
// bytes, in all three formats.
package chart
