// Reads a JSON-stat file with jsonstat-toolkit and writes it to a DuckDB file
// with DuckDB's own Node API; prints the seconds.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import JSONstat from "jsonstat-toolkit";
import { DuckDBInstance } from "@duckdb/node-api";

const [file, dir] = process.argv.slice(2);
const start = performance.now();
const used = process.cpuUsage();
const taken = () => {
  const u = process.cpuUsage(used);
  return { Wall: (performance.now() - start) / 1000, CPU: (u.user + u.system) / 1e6 };
};
const ds = JSONstat(JSON.parse(readFileSync(file, "utf8")));
const ids = ds.id;
// The array form is the toolkit's fastest that keeps the status.
const rows = ds.toTable({ type: "array", content: "id", status: true });
const parse = taken();

const duck = join(dir, `npm-${process.pid}.duckdb`);
rmSync(duck, { force: true });
const instance = await DuckDBInstance.create(duck);
const db = await instance.connect();
const header = rows[0].map((h) => String(h).toLowerCase());
const status = header.indexOf("status");
const value = header.indexOf("value");
const codes = header.map((_, i) => i).filter((i) => i !== status && i !== value);
if (codes.length !== ids.length || status < 0 || value < 0) throw new Error(`unexpected columns ${header}`);
await db.run(`CREATE TABLE cells (${codes.map((i) => `"${header[i]}" VARCHAR`).join(", ")}, value DOUBLE, status VARCHAR)`);
const appender = await db.createAppender("cells");
for (let r = 1; r < rows.length; r++) {
  const row = rows[r];
  for (const i of codes) appender.appendVarchar(row[i]);
  row[value] === null ? appender.appendNull() : appender.appendDouble(row[value]);
  row[status] == null ? appender.appendNull() : appender.appendVarchar(row[status]);
  appender.endRow();
}
appender.closeSync();
await db.run("CHECKPOINT");
const n = (await db.runAndReadAll("SELECT count(*) FROM cells")).getRows()[0][0];
if (Number(n) !== ds.value.length) throw new Error(`${n} rows of ${ds.value.length}`);
db.closeSync();
const table = taken();
process.stdout.write(JSON.stringify({ Parse: parse, Table: table }));
