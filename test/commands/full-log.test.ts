// A log in a file on a disk that is full: the registry goes on, and says what was lost.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { Scrape } from "../instruments/measured-registry.ts";
import { eventually } from "../support/eventually.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { ServerProcess } from "../support/server-process.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

test("lines for which there was no space are counted, and told when there is", {
  skip: whyNoSmallDisk(),
}, async () => {
  const directory = await makeTemporaryDirectory();
  const disk = await SmallDisk.mount(directory, 2);
  const [port, debugPort] = [await freePort(), await freePort()];
  const config = join(directory, "config.yml");
  const http = { addr: `127.0.0.1:${port}`, debug: { addr: debugPort, prometheus: { enabled: true } } };
  await writeFile(config, stringify({ version: 0.1, storage: "inmemory", log: { formatter: "json" }, http }));
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  const log = join(disk.path, "log");
  const registry = await ServerProcess.start({
    command: [process.execPath, MAIN, "serve", config],
    log,
    ready: async () => (await ask("/")) === 200,
  });
  const dropped = async () => {
    const text = await (await fetch(`http://127.0.0.1:${debugPort}/metrics`)).text();
    return new Scrape(text).value("stowage_log_lines_dropped_total") ?? 0;
  };
  try {
    await disk.fillUp();
    for (let count = 0; count < 100; count++) assert.equal(await ask("/v2/a/b/tags/list"), 404);
    await eventually("lost lines", async () => ((await dropped()) > 0 ? true : undefined));
    await disk.empty();
    assert.equal(await ask("/v2/"), 200);
    const told = await eventually("a line about them", async () => {
      const text = await readFile(log, "utf8");
      return /^\{.*"lines":(\d+),"message":"lines of the log were lost:.*\}$/m.exec(text)?.[1];
    });
    assert.equal(Number(told), await dropped());
    const written = (await readFile(log, "utf8"))
      .split("\n")
      .filter((line) => /^\{.*"request"\}$/.test(line));
    assert.equal(written.length + Number(told), 101);
  } finally {
    await registry.stop();
    await removeTemporaryDirectory(directory);
  }
});
