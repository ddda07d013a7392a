// Package jsonstat reads and writes JSON-stat 2.0 datasets, the format
// statistical offices answer in (SSB, SCB, Eurostat and every PxWebApi server).
//
// A dataset is held in columns: the codes of each dimension once, and for the
// cells three flat columns in row-major order (the last dimension varies
// fastest): the value, whether it is missing, and the status symbol. A cell's
// codes are integers, positions in its dimensions; nothing is expanded until it
// is asked for.
//
// What is missing never carries a number: Values holds 0 there and Missing says
// so. A status may stand beside a value (an Eurostat "p") or beside a missing
// one (SSB's ".", "..", ":"); a null without a status is missing without a
// stated reason.
//
// Decode accepts what the standard allows and servers send: dense and sparse
// values, status as object, array or one string, category indexes as object,
// array or absent, members in any order, metadata bodies (value is an empty
// array although the sizes are not zero), and the PxWeb extensions. It rejects,
// naming byte offset and JSON path, everything that leaves a cell in doubt.
// Memory is bounded by Options.
//
// Format: https://json-stat.org/full/ (JSON-stat 2.0, X. Badosa).
package jsonstat
