// The registry is ended in order, again and again, while clients push and others read its event log. Who keeps up with
// the log has every event exactly once then: places are saved at the end, and answers that are due still come.
// STOWAGE_CRASH_SEED repeats the choices of a run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createConnectTransport } from "@connectrpc/connect-node";
import { LocalRegistry } from "../support/local-registry.ts";
import { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { allCaughtUp } from "./caught-up.ts";
import { ConsumerReader } from "./consumer-reader.ts";
import { Load } from "./load.ts";
import {
  checkAll,
  compare,
  dockerEndpoint,
  dockerReceiver,
  readLog,
  signedEndpoint,
  signedReceiver,
  summary,
} from "./log-readers.ts";

const RESTARTS = 10;
const WRITERS = 4;
/** How long the clients work before an end, at most, in milliseconds. */
const LONGEST_WORK = 400;

let directory: string;
before(async () => {
  directory = await makeTemporaryDirectory();
});
after(() => removeTemporaryDirectory(directory));

test("readers that keep up have every event exactly once when the process is ended in order", async (t) => {
  const random = Random.fromEnvironment("STOWAGE_CRASH_SEED");
  t.diagnostic(`STOWAGE_CRASH_SEED=${random.seed}`);
  await using single = await dockerReceiver("single");
  await using signed = await signedReceiver("signed");
  const endpoints = [dockerEndpoint(single, 1), signedEndpoint(signed, 20)];
  const registry = await LocalRegistry.start({ directory, sections: { notifications: { endpoints } } });
  const thorough = new ConsumerReader({
    name: "thorough",
    transport: createConnectTransport({ baseUrl: registry.url, httpVersion: "1.1" }),
    random: random.fork(),
    habits: { acknowledging: 0.2, crashing: 0, isThorough: true },
  });
  const readers = [single, signed, thorough];
  try {
    using load = await Load.start(registry, random.fork(), WRITERS);
    await thorough.start();
    for (let restart = 0; restart < RESTARTS; restart++) {
      await load.work(wait(random.integer(5, LONGEST_WORK)), () => registry.stop());
      await registry.restart();
      await load.inspectChanges();
      checkAll(readers);
    }
    await thorough.settleDown();
    await allCaughtUp(registry.url, () => checkAll(readers));
    const log = await readLog(registry.url);
    const repeated = compare(log, { docker: [single], whole: [signed, thorough] });
    t.diagnostic(summary(log, repeated));
    assert.deepEqual([...repeated.values()], [0, 0, 0], [...repeated.keys()].join(", "));
    assert.doesNotMatch(await registry.logText(), /level=error/);
  } finally {
    await thorough.stop();
    await registry.stop();
  }
});
