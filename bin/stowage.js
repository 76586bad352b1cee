#!/usr/bin/env node
// Starts the built program. Plain JavaScript that any Node.js can read, so that
// an old one is told what is wrong.
import { existsSync } from "node:fs";

const NEEDED = [22, 12];

function isOlder(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]);
}

function refuse(message) {
  process.stderr.write(`stowage: ${message}\n`);
  process.exitCode = 1;
}

const main = new URL("../dist/src/main.js", import.meta.url);

if (isOlder(process.versions.node)) {
  refuse(
    `Node.js ${process.versions.node} is too old; ${NEEDED.join(".")} or newer is needed. ` +
      'In a clone, "npm start" and "npx stowage" bring one along.',
  );
} else if (!existsSync(main)) {
  refuse('it is not built yet; run "npm run build" first ("npm start" does both).');
} else {
  await import(main.href);
}
