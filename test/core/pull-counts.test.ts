// How often manifests were pulled: that each pull counts once, that only what is here has a count, and since when.
import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 } from "uuid";
import { Bridge } from "../../src/core/bridge.ts";
import { createCore } from "../../src/core/core.ts";
import type { Pull } from "../../src/core/listener.ts";
import { forgetPullsSince, PullRecorder } from "../../src/core/pulls.ts";
import { pullsKey, pullsSinceKey } from "../../src/metadata/keeping-keys.ts";
import { manifestKey } from "../../src/metadata/keys.ts";
import { put, remove } from "../../src/metadata/metadata-store.ts";
import type { ManifestRecord } from "../../src/metadata/records.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { DESCRIPTOR } from "./log.ts";
import { SOURCE, type Study, withCore } from "./study.ts";

const repository = parseRepositoryName("a/b");
const other = parseRepositoryName("c");
const { mediaType, digest, size } = DESCRIPTOR;
const CARD: ManifestRecord = { mediaType, size, createTime: 1, revision: 1 };

const pull = (change: Partial<Pull> = {}): Pull => ({
  repository,
  descriptor: DESCRIPTOR,
  headOnly: false,
  ...change,
});

interface Setting extends Study {
  readonly pulls: PullRecorder;
  readonly start: number;
  readonly counts: (name?: typeof repository, of?: Digest) => Promise<unknown>;
}

async function withPulls(run: (setting: Setting) => Promise<void>, { head = false } = {}): Promise<void> {
  await withCore({}, async (study) => {
    const pulls = recorder(study, head);
    const counts = (name = repository, of = digest) => study.context.metadata.get(pullsKey(name, of));
    const start = study.clock.time;
    await study.context.metadata.commit({
      changes: [put(manifestKey(repository, digest), CARD), put(manifestKey(other, digest), CARD)],
    });
    await run({ ...study, pulls, counts, start });
    await pulls.close();
  });
}

function recorder({ context: { metadata, now } }: Study, head = false): PullRecorder {
  const report = () => undefined;
  return new PullRecorder({ metadata, now, newId: v7, source: SOURCE, head, report, flushMs: 3_600_000 });
}

test("pulls are counted for each manifest of each repository, with the time of the last", () =>
  withPulls(async ({ pulls, counts, clock, start }) => {
    pulls.add({}, pull());
    clock.time += 5;
    pulls.add({}, pull({ tag: parseTag("v") }));
    pulls.add({}, pull({ repository: other }));
    await pulls.flush();
    assert.deepEqual(await counts(), { count: 2, lastTime: start + 5 });
    assert.deepEqual(await counts(other), { count: 1, lastTime: start + 5 });
    clock.time += 5;
    pulls.add({}, pull());
    await pulls.flush();
    assert.deepEqual(await counts(), { count: 3, lastTime: start + 10 });
    clock.time -= 100;
    pulls.add({}, pull());
    await pulls.flush();
    assert.deepEqual(await counts(), { count: 4, lastTime: start + 10 }, "a clock that was set back");
  }));

test("pulls that share an event all count, in one record for each flush", () =>
  withPulls(async ({ pulls, counts, context, start }) => {
    for (let index = 0; index < 1500; index++) pulls.add({}, pull());
    await pulls.flush();
    assert.equal(context.metadata.lastSequence(), 1001);
    assert.deepEqual(await counts(), { count: 1500, lastTime: start });
  }));

test("descriptions count where they are recorded", async () => {
  const request = { id: "r", method: "HEAD" };
  for (const head of [false, true])
    await withPulls(
      async ({ pulls, counts, start }) => {
        pulls.add({ request }, pull({ headOnly: true }));
        await pulls.flush();
        assert.deepEqual(await counts(), head ? { count: 1, lastTime: start } : undefined);
      },
      { head },
    );
});

test("a manifest that is gone has no count, whatever was pulled before", () =>
  withPulls(async ({ pulls, counts, context }) => {
    pulls.add({}, pull());
    await context.metadata.commit({ changes: [remove(manifestKey(repository, digest))] });
    await pulls.flush();
    assert.equal(await counts(), undefined);
    assert.equal(context.metadata.lastSequence(), 1, "the event is written all the same");
  }));

test("a manifest that is purged while its pulls are written leaves no count behind, and loses no event", () =>
  withPulls(async ({ context, clock, start, ...setting }) => {
    const { metadata } = context;
    let commits = 0;
    // Between what the recorder reads and what it commits, somebody else is quicker.
    const raced = new Proxy(metadata, {
      get(target, property: keyof typeof metadata) {
        if (property !== "commit") return target[property].bind(target);
        return async (commit: Parameters<typeof target.commit>[0]) => {
          if (commits++ === 0)
            await target.commit({
              changes: [remove(manifestKey(repository, digest)), remove(pullsKey(repository, digest))],
            });
          return target.commit(commit);
        };
      },
    });
    const pulls = recorder({ ...setting, clock, context: { ...context, metadata: raced } });
    pulls.add({}, pull());
    pulls.add({}, pull({ repository: other }));
    await pulls.flush();
    assert.equal(commits, 2);
    assert.equal(await setting.counts(), undefined);
    assert.deepEqual(await setting.counts(other), { count: 1, lastTime: start });
    assert.equal(metadata.lastSequence(), 2);
  }));

test("a push of the same manifest meanwhile costs no pull", () =>
  withPulls(async ({ context, counts, pulls, start, clock }) => {
    const listener = new Bridge({ now: context.now, newId: v7, source: SOURCE, pulls });
    const core = createCore({ ...context, listener });
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] }));
    const [pushed, tag] = [digestOf(content), parseTag("v")];
    const push = () => core.manifests.put({ repository, tags: [tag], mediaType: INDEX, content }, {});
    await push();
    clock.time += 1;
    for (let round = 0; round < 20; round++) {
      pulls.add({}, pull({ descriptor: { mediaType: INDEX, digest: pushed, size: content.length } }));
      await Promise.all([pulls.flush(), push()]);
    }
    assert.deepEqual(await counts(repository, pushed), { count: 20, lastTime: start + 1 });
  }));

test("since when pulls are counted is noted once, when the recorder begins", () =>
  withPulls(async ({ pulls, clock, start, context, ...setting }) => {
    const since = () => context.metadata.get(pullsSinceKey);
    clock.time += 100;
    await pulls.flush();
    assert.deepEqual(await since(), { time: start });
    const second = recorder({ ...setting, clock, context });
    clock.time += 100;
    await second.close();
    assert.deepEqual(await since(), { time: start }, "a restart begins no new count");
    await forgetPullsSince(context.metadata);
    await forgetPullsSince(context.metadata);
    assert.equal(await since(), undefined);
    const third = recorder({ ...setting, clock, context });
    await third.close();
    assert.deepEqual(await since(), { time: start + 200 }, "a gap does");
  }));

const INDEX = "application/vnd.oci.image.index.v1+json";
