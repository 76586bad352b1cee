#!/usr/bin/env -S node --initial-old-space-size=128
// Starts the built program. Plain JavaScript that any Node.js can read, so that
// an old one is told what is wrong.
//
// The flag above lets the heap grow to 128 MB before it is collected whole: what a
// socket reads is counted as heap, and an upload would be interrupted for each 25 MB.
import { existsSync } from "node:fs";

// A file that is being synced keeps a thread waiting, and so does the database; with
// Node's four, three uploads make everybody else wait. Must be set before the first use.
process.env.UV_THREADPOOL_SIZE ??= "8";

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
