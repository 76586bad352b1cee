#!/usr/bin/env -S node --max-semi-space-size=2 --initial-old-space-size=128
// Starts the built program. Plain JavaScript that any Node.js can read, so that
// an old one is told what is wrong.
//
// The flags above are about uploads. What a socket reads counts as memory of the
// young generation: when that is small (2 MB) it is freed soon and 64 uploads keep
// within 300 MB. And the whole heap is not collected before it has 128 MB, or each
// 25 MB of an upload would bring a collection.
import { existsSync } from "node:fs";

// A file that is being synced keeps a thread waiting, and so does the database; with
// Node's four, three uploads make everybody else wait. Must be set before the first use.
process.env.UV_THREADPOOL_SIZE ??= "8";

const NEEDED = [22, 19];

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
