// The registry is killed at random moments while clients push. Whatever it had acknowledged must be there when it
// comes back, and what it had not may be there or not, but never in part.
// STOWAGE_CRASH_SEED repeats the choices of a run, STOWAGE_CRASH_KILLS sets how often the registry dies.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.ts";
import { EventLogReader } from "../support/event-log.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { EventReplay } from "./event-replay.ts";
import { inspectAll, inspectChanges } from "./inspection.ts";
import { blobName, eventName, Ledger, PRESENT } from "./ledger.ts";
import { auditStores } from "./store-audit.ts";
import { Writer } from "./writer.ts";

const KILLS = Number(process.env.STOWAGE_CRASH_KILLS ?? 50);
const WRITERS = 8;
const SHARED_REPOSITORY = "crash/shared";
/** How long the clients work before a kill, at most, in milliseconds. */
const LONGEST_WORK = 400;

let directory: string;
before(async () => {
  directory = await makeTemporaryDirectory();
});
after(() => removeTemporaryDirectory(directory));

test("nothing acknowledged is lost when the process is killed at random moments", async (t) => {
  const random = Random.fromEnvironment("STOWAGE_CRASH_SEED");
  t.diagnostic(`STOWAGE_CRASH_SEED=${random.seed}`);
  const registry = await LocalRegistry.start({ directory });
  const parts = {
    http: new HttpCaller(registry.host),
    events: new EventLogReader(registry.url),
    ledger: new Ledger(),
    replay: new EventReplay(),
  };
  const contents = makeContents(random);
  const workshop = { ...parts, contents, sharedRepository: SHARED_REPOSITORY };
  const writers = Array.from(
    { length: WRITERS },
    (_, number) => new Writer(workshop, `crash/writer-${number}`, random.fork()),
  );
  const starts: number[] = [];
  try {
    await pushSharedBlob(workshop);
    for (let kill = 0; kill < KILLS; kill++) {
      await workUntilKilled(registry, writers, random.integer(5, LONGEST_WORK));
      if (random.chance(0.1)) await registry.startAndKill(random.integer(0, LONGEST_WORK));
      await registry.restart();
      starts.push(await registry.processorTime());
      await inspectChanges(parts);
    }
    await inspectAll(parts);
    await registry.stop();
    const audit = await auditStores(join(registry.data, "stowage"));
    t.diagnostic(`after ${parts.replay.cursor} events: ${JSON.stringify(audit.found)}`);
    assert.deepEqual(audit.problems, []);
    const resumed = writers.reduce((sum, writer) => sum + writer.resumed, 0);
    t.diagnostic(`${KILLS} kills, ${resumed} uploads resumed, costliest start ${Math.max(...starts)} s`);
    assert.ok(median(starts) < 2, `starts took ${starts.join(", ")} s of processor time`);
  } finally {
    parts.http.close();
    await registry.stop();
  }
});

async function workUntilKilled(
  registry: LocalRegistry,
  writers: readonly Writer[],
  duration: number,
): Promise<void> {
  const dying = new AbortController();
  const work = Promise.all(writers.map((writer) => writer.work(dying.signal)));
  try {
    await Promise.race([wait(duration), work]);
  } finally {
    dying.abort();
    await registry.kill();
  }
  await work;
}

/** Sizes of configs and of layers; the larger ones are written to disk in several steps. */
function makeContents(random: Random): Buffer[] {
  const small = Array.from({ length: 16 }, () => random.bytes(random.integer(100, 60_000)));
  const large = Array.from({ length: 5 }, () => random.bytes(random.integer(300_000, 1_500_000)));
  return [...small, ...large];
}

async function pushSharedBlob({
  http,
  ledger,
  contents,
}: {
  readonly http: HttpCaller;
  readonly ledger: Ledger;
  readonly contents: readonly Buffer[];
}): Promise<void> {
  const body = contents[0] ?? Buffer.alloc(0);
  const digest = digestOf(body);
  const path = `/v2/${SHARED_REPOSITORY}/blobs/uploads/?digest=${digest}`;
  const attempt = {
    effects: [{ name: blobName(SHARED_REPOSITORY, digest), value: PRESENT }],
    events: [eventName("blobPushed", SHARED_REPOSITORY, digest)],
  };
  await ledger.record(
    attempt,
    async () => (await http.expect([201], { method: "POST", path, body })).status === 201,
  );
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
