import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tryRun } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const BIN = fileURLToPath(new URL("../../bin/stowage.js", import.meta.url));

test("npm start puts no shell between npm and the registry, which would keep signals to itself", async () => {
  const { scripts } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  assert.match(scripts.start, /^exec node /);
});

test("bin/stowage.js starts what was built, and says how to build where nothing was", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  await mkdir(join(directory, "bin"));
  await copyFile(BIN, join(directory, "bin/stowage.js"));
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  const command = [process.execPath, join(directory, "bin/stowage.js"), "serve"];

  const missing = await tryRun(command);
  assert.equal(missing.code, 1);
  assert.equal(
    missing.stderr,
    'stowage: it is not built yet; run "npm run build" first ("npm start" does both).\n',
  );

  await mkdir(join(directory, "dist/src"), { recursive: true });
  await writeFile(join(directory, "dist/src/main.js"), "process.stdout.write(process.argv[2]);");
  const built = await tryRun(command);
  assert.deepEqual(built, { code: 0, stdout: "serve", stderr: "" });
});
