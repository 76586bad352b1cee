// Writes docs/api.md. Run by "npm run generate:api".
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderApiPage } from "./api-page.ts";

const folder = join(import.meta.dirname, "../docs");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "api.md"), renderApiPage());
