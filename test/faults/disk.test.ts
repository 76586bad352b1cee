// Disks that are full or read-only for a while: clear refusals, reads go on, nothing acknowledged is lost, and when
// the disk is well again so is the registry, without a restart. STOWAGE_FAULTS_SEED repeats the choices of a run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.ts";
import { inspectAll, inspectCertain, inspectChanges } from "../crash/inspection.ts";
import { UploadSession } from "../crash/upload-session.ts";
import { Writer } from "../crash/writer.ts";
import { Refused } from "../support/http-caller.ts";
import type { Random } from "../support/random.ts";
import { whyNoSmallDisk } from "../support/small-disk.ts";
import { fillLog, newManifest, pushBlob, pushManifest, REPOSITORY, withSmallDisk } from "./setting.ts";

const CYCLES = Number(process.env.STOWAGE_FAULTS_CYCLES ?? 12);
const skip = whyNoSmallDisk();

test("a full disk refuses pushes, serves reads, and is used again when it has space", { skip }, async (t) => {
  await withSmallDisk(t, async (setting) => {
    const { disk, inspection, random } = setting;
    const session = await UploadSession.create({ ...setting, ...newContent(random), repository: REPOSITORY });
    await disk.fillUp();
    await assert.rejects(session.sendChunks(), Refused);
    await assert.rejects(pushBlob(setting, random.bytes(300_000)), Refused);
    await assert.rejects(
      pushManifest(setting, { tag: "full", content: newManifest(setting, 300_000) }),
      Refused,
    );
    await inspectCertain(inspection);
    await disk.empty();
    await session.finishAfterRestart();
    await pushBlob(setting, random.bytes(300_000));
    await pushManifest(setting, { tag: "free", content: newManifest(setting, 300_000) });
    await inspectAll(inspection);
  });
});

test("a disk that fills up again and again loses nothing and leaves nothing half done", {
  skip,
}, async (t) => {
  await withSmallDisk(t, async (setting) => {
    const { disk, inspection, random } = setting;
    const contents = Array.from({ length: 10 }, () => random.bytes(random.integer(100, 400_000)));
    await pushBlob(setting, contents[0] ?? Buffer.alloc(0));
    const workshop = { ...setting, contents, sharedRepository: REPOSITORY };
    const writers = [1, 2, 3, 4].map(
      (number) => new Writer(workshop, `faults/writer-${number}`, random.fork()),
    );
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await disk.fillUp(random.pick([0, 20_000, 200_000, 1_000_000]));
      await work(writers, random.integer(50, 300));
      await inspectCertain(inspection);
      await disk.empty();
      await pushBlob(setting, random.bytes(1000));
      await work(writers, random.integer(20, 100));
      await inspectChanges(inspection);
    }
    t.diagnostic(`${writers.reduce((sum, { refused }) => sum + refused, 0)} refusals`);
  });
});

test("a disk that turns read-only refuses pushes, serves reads, and is used again", { skip }, async (t) => {
  await withSmallDisk(t, async (setting) => {
    const { disk, inspection, random, folder } = setting;
    const large = newManifest(setting, 200_000);
    await pushManifest(setting, { tag: "large", content: large });
    const session = await UploadSession.create({ ...setting, ...newContent(random), repository: REPOSITORY });
    disk.protect(folder);
    await assert.rejects(session.sendChunks(), Refused);
    await assert.rejects(pushBlob(setting, random.bytes(300_000)), Refused);
    await assert.rejects(fillLog(setting, large), Refused);
    await inspectCertain(inspection);
    disk.unprotect(folder);
    await session.finishAfterRestart();
    await pushBlob(setting, random.bytes(300_000));
    await pushManifest(setting, { tag: "writable", content: newManifest(setting, 1000) });
    await inspectAll(inspection);
  });
});

function newContent(random: Random) {
  const content = random.bytes(1_500_000);
  return { content, digest: digestOf(content) };
}

async function work(writers: readonly Writer[], duration: number): Promise<void> {
  const stop = new AbortController();
  const working = Promise.all(writers.map((writer) => writer.work(stop.signal)));
  await Promise.race([wait(duration), working]);
  stop.abort();
  await working;
}
