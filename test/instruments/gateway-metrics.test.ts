// A gateway in front of a registry elsewhere counts the requests that come to it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { eventually } from "../support/eventually.ts";
import { freePort, LocalRegistry, MAIN } from "../support/local-registry.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Scrape } from "./measured-registry.ts";

test("a gateway tells of its requests, its connections and its health", async () => {
  const directory = await makeTemporaryDirectory();
  const registry = await LocalRegistry.start({ directory });
  const [port, debugPort] = [await freePort(), await freePort()];
  const config = join(directory, "gateway.yml");
  const http = { addr: `127.0.0.1:${port}`, debug: { addr: debugPort, prometheus: { enabled: true } } };
  await writeFile(config, stringify({ version: 0.1, log: { level: "error" }, http }));
  const url = `http://127.0.0.1:${port}/v2/a/b/tags/list`;
  const gateway = await ServerProcess.start({
    command: [process.execPath, MAIN, "gateway", "--upstream", registry.url, "--config", config],
    log: join(directory, "gateway.log"),
    ready: async () => (await fetch(url)).status === 404,
  });
  try {
    const labels = { handler: "tags", method: "get", code: "404" };
    const scrape = await eventually("a request", async () => {
      const text = await (await fetch(`http://127.0.0.1:${debugPort}/metrics`)).text();
      const found = new Scrape(text);
      return (found.value("registry_http_requests_total", labels) ?? 0) >= 1 ? found : undefined;
    });
    assert.ok((scrape.value("stowage_connections") ?? 0) >= 1);
    assert.equal(scrape.value("stowage_ready"), 1);
    assert.equal(scrape.value("stowage_manifests"), undefined, "it has no catalogue to ask");
  } finally {
    await gateway.stop();
    await registry.stop();
    await removeTemporaryDirectory(directory);
  }
});
