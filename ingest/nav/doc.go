// Package nav reads the workbooks in which NAV, the labour and welfare
// administration, publishes registered unemployed by municipality and month
// (HL060, "Helt ledige. Fylke og kommune"). SSB stopped publishing these
// figures; NAV gives them as one XLSX a month whose layout drifts.
//
// What is read: the sheet of numbers (Ark: Antall) and the sheet of per cent of
// the labour force (Ark: Prosent), told by their title, not by their place. On
// them, rows whose label starts with a municipality code, under a row of months.
// Sheets of counties, totals, notes and whatever others have added are passed
// over. What looks like figures and is not understood is refused with the cell
// named, as in "3. Kommune Antall!N8": a figure under the wrong month is worse
// than none.
//
// An asterisk is a count below 4 that NAV keeps back: status ":", never a number.
package nav
