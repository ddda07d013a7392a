// Package catalogue holds what the service evaluates, as data: the agreements
// with their goals, parties, obligations and plan editions, the indicators, the
// table plans the figures are fetched by, the rules of the comparison groups and
// the registered evaluation designs.
//
// All of it is YAML. Default returns the catalogue embedded in the binary, Load
// reads another one from any fs.FS. The shape of every file is stated by the
// JSON Schema of its kind (Draft 2020-12, folder schema), which editors can use
// as well; what a schema cannot say, such as whether a reference resolves, is
// checked here. Every fault found is reported as file:line:column: message.
package catalogue
