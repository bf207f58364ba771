// Checks an AsyncAPI document with the public parser: `node asyncapi.mjs FILE`.
import { readFile } from "node:fs/promises";
import { DiagnosticSeverity, Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
for (const { severity, code, message, path } of diagnostics) {
  console.log(`${DiagnosticSeverity[severity]} ${code} ${path.join("/")}: ${message}`);
}
const grave = diagnostics.some(({ severity }) => severity <= DiagnosticSeverity.Warning);
if (document === undefined || grave) process.exit(1);
console.log(`${document.messages().length} messages, valid.`);
