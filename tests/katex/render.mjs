// Reads a JSON list of formulas, renders each with KaTeX in strict mode, writes a JSON list of errors (null where none).
// Usage: node render.mjs FOLDER, where FOLDER/node_modules holds katex.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const katex = createRequire(join(resolve(process.argv[2]), "package.json"))("katex");

function problem(formula) {
  try {
    katex.renderToString(formula, { displayMode: true, strict: "error", maxExpand: 100000, throwOnError: true, trust: false });
    return null;
  } catch (error) {
    return error.message;
  }
}

const formulas = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(formulas.map(problem)));
