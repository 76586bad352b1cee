// One thing that cannot be removed must not keep everything behind it from going, and
// what is due again and again must not keep the collector busy for ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCore } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { due } from "../../src/metadata/keeping-keys.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, REPOSITORY as repository } from "../core/pictures.ts";
import { type Study, withCore } from "../core/study.ts";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const ON = { deleteEnabled: true };

async function dueCount({ context }: Study): Promise<number> {
  return (await context.metadata.page(due, { limit: 10_000, namesOnly: true })).length;
}

test("a history of tags that is not kept any more goes, and does not keep the collector busy", () =>
  withCore({ ...ON, tagHistoryMs: DAY }, async ({ core, context }) => {
    await pushImage(core, ["one"], { tags: ["v1"] });
    const forgetful = { ...context, options: { ...context.options, tagHistoryMs: 0 } };
    const history = async () => (await core.tagHistory.list(repository, parseTag("v1"), { limit: 9 })).items;
    assert.equal((await history()).length, 1);
    // Its entry was made to be due in a day.
    const aDayLater = { ...forgetful, now: () => context.now() + DAY };
    let looks = 0;
    for await (const _ of new Collector({ context: aDayLater, rate: 0 }).run()) assert.ok(++looks < 100);
    await pushImage(createCore(forgetful), ["two"], { tags: ["v1"] });
    assert.deepEqual(await history(), []);
  }));

test("what cannot be removed is told, and all else goes all the same", () =>
  withCore(ON, async (study) => {
    const { core, context, clock } = study;
    const texts = Array.from({ length: 100 }, (_, at) => `blob ${at}`);
    for (const text of texts) await pushBlob(core, text);
    clock.time += DAY;
    const stuck = blobOf("blob 50");
    const remove = context.blobs.delete.bind(context.blobs);
    let broken = true;
    context.blobs.delete = async (digest: Digest) => {
      if (broken && digest === stuck) throw new Error("EIO");
      return remove(digest);
    };
    const collector = new Collector({ context, rate: 0 });
    const run = async () => {
      for await (const _ of collector.run());
    };
    await assert.rejects(run(), /EIO/);
    for (const text of texts)
      assert.equal((await context.blobs.stat(blobOf(text))) !== undefined, blobOf(text) === stuck, text);
    assert.equal(await dueCount(study), 1);
    broken = false;
    await run();
    assert.deepEqual([await context.blobs.stat(stuck), await dueCount(study)], [undefined, 0]);
  }));

test("many entries for one thing are dealt with by one look", () =>
  withCore({ ...ON, trashAgeMs: DAY }, async (study) => {
    const { core, clock, context } = study;
    await pushImage(core, ["base", "kept"], { tags: ["kept"] });
    for (let at = 0; at < 100; at++) {
      const { digest } = await pushImage(core, ["base", `top ${at}`]);
      await core.manifests.delete(repository, digest, NOBODY);
    }
    clock.time += DAY;
    for (let passes = 0; passes < 4; passes++) {
      for await (const _ of new Collector({ context, rate: 0 }).run());
      clock.time += 2 * DAY;
    }
    // What is left is the history of the one tag.
    assert.equal(await dueCount(study), 1);
  }));

test("a link that is asked for again and again has one entry", () =>
  withCore(ON, async (study) => {
    const { core, clock, context } = study;
    const digest = await pushBlob(core, "asked for");
    for (let halfDays = 0; halfDays < 60; halfDays++) {
      clock.time += DAY / 2 + HOUR;
      await core.blobs.stat(repository, digest);
      for await (const _ of new Collector({ context, rate: 0 }).run());
    }
    const entries = await dueCount(study);
    assert.ok(entries <= 2, `${entries} entries`);
  }));

test("who waits for its turn behind a run that is not read on may be called off", () =>
  withCore(ON, async ({ core, context }) => {
    await pushBlob(core, "blob");
    const collector = new Collector({ context: { ...context, now: () => context.now() + DAY }, rate: 0 });
    const stalled = collector.run();
    await stalled.next();
    const stop = new AbortController();
    const waiting = collector.run({}, stop.signal).next();
    stop.abort();
    assert.equal((await waiting).done, true);
    await stalled.return();
    const after = collector.run();
    assert.equal((await after.next()).done, false);
    await after.return();
  }));
