// Which upload sessions are ended for being idle, what is left of them, and that
// nobody who is still at it loses a byte.
import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type Core, createCore } from "../../src/core/core.ts";
import type { UploadName } from "../../src/core/uploads.ts";
import { UploadPurge, type UploadPurgeItem } from "../../src/maintenance/uploads/upload-purge.ts";
import { openUploadsKey } from "../../src/metadata/keeping-keys.ts";
import { type Key, uploadKey } from "../../src/metadata/keys.ts";
import { type MetadataStore, put, remove } from "../../src/metadata/metadata-store.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { has, type Study, withCore } from "../core/study.ts";
import { inChunks, someBytes, toArray } from "../support/byte-streams.ts";
import { openTemporaryStores, type TemporaryStores } from "../support/filesystem-stores.ts";

const repository = parseRepositoryName("a/b");
const CONTENT = someBytes(100_000);
const DAY = 24 * 60 * 60 * 1000;
const AGE = 7 * DAY;

function purgeOf({ core, context }: Study, now = context.now): UploadPurge {
  const { metadata, uploads: store } = context;
  return new UploadPurge({ metadata, uploads: core.uploads, store, now, ageMs: AGE });
}

/** What was found, without the progress. */
async function found(purge: UploadPurge, options: { dryRun?: boolean; ageMs?: number } = {}) {
  const items = await toArray(purge.run({ dryRun: false, ...options }));
  return items.filter((item) => item.kind !== "progress");
}

async function begin({ uploads }: Core, bytes = CONTENT): Promise<UploadName> {
  const { id } = await uploads.create(repository);
  const name = { repository, id };
  if (bytes.length > 0) await uploads.write(name, {}, inChunks(bytes, 10_000));
  return name;
}

const EMPTY = Buffer.alloc(0);

test("a session that is idle for too long is ended, announced, and leaves nothing", () =>
  withCore({}, async (study) => {
    const { core, context, clock } = study;
    const createTime = clock.time;
    const name = await begin(core);
    clock.time += 1;
    const unwritten = await begin(core, EMPTY);
    clock.time += AGE - 1;
    assert.deepEqual(await found(purgeOf(study)), [], "it is not older yet");
    clock.time += 2;
    const young = await begin(core);
    const ended = (time: number) => ({
      kind: "upload",
      repository,
      createTime: time,
      lastActivityTime: time,
      removed: true,
    });
    assert.deepEqual(await found(purgeOf(study)), [
      { ...ended(createTime), id: name.id, size: CONTENT.length },
      { ...ended(createTime + 1), id: unwritten.id, size: 0 },
    ]);
    assert.deepEqual(await toArray(context.uploads.list()), [young.id]);
    assert.deepEqual(
      (await core.uploads.list({ limit: 10 })).items.map(({ id }) => id),
      [young.id],
    );
    await assert.rejects(core.uploads.get(name), has("BLOB_UPLOAD_UNKNOWN"));
    const events = (await context.metadata.readEvents(0, 10)).map(({ event }) => event);
    assert.deepEqual(
      events.map((event) => [event.repository, event.fact, event.request, event.time]),
      [name, unwritten].map(({ id }) => [
        repository,
        { kind: "upload_expired", uploadId: id },
        undefined,
        clock.time,
      ]),
    );
    assert.equal(await context.metadata.get(openUploadsKey(repository)), 1);
    assert.deepEqual(await found(purgeOf(study)), [], "the second time there is nothing left");
  }));

test("an upload that began long ago is kept as long as bytes come, however slowly", () =>
  withCore({}, async (study) => {
    const { core, clock } = study;
    const name = await begin(core, EMPTY);
    const purge = purgeOf(study);
    async function* slowly() {
      for (let part = 0; part < 3; part++) {
        yield CONTENT.subarray(0, 10);
        clock.time += 2 * AGE; // the client says nothing for so long, but it is there
        assert.deepEqual(await found(purge), []);
      }
    }
    await core.uploads.write(name, {}, slowly());
    clock.time += AGE;
    assert.deepEqual(await found(purge), [], "since the last byte it was not too long");
    await core.uploads.write(name, { offset: 30 }, inChunks(CONTENT.subarray(0, 10), 10));
    const lastActivityTime = clock.time;
    clock.time += AGE + 1;
    const [ended, ...others] = await found(purge);
    assert.deepEqual(others, []);
    assert.ok(ended?.kind === "upload" && ended.id === name.id);
    assert.deepEqual([ended.lastActivityTime, ended.size], [lastActivityTime, 40]);
  }));

test("a dry run tells the same and changes nothing", () =>
  withCore({}, async (study) => {
    const { core, context, clock } = study;
    const name = await begin(core);
    const orphan = await begin(core);
    await context.metadata.commit({ changes: [remove(uploadKey(orphan.id))] });
    clock.time += AGE + 1;
    const told = await found(purgeOf(study), { dryRun: true });
    assert.deepEqual(
      told.map((item) => [item.kind, item.id, item.removed]),
      [
        ["upload", name.id, false],
        ["orphan", orphan.id, false],
      ],
    );
    assert.equal((await core.uploads.get(name)).offset, CONTENT.length);
    assert.equal(await context.uploads.size(orphan.id), CONTENT.length);
    assert.equal(context.metadata.lastSequence(), 0);
    const done = await found(purgeOf(study));
    assert.deepEqual(
      done,
      told.map((item) => ({ ...item, removed: true })),
    );
  }));

test("the age can be another for once", () =>
  withCore({}, async (study) => {
    await begin(study.core);
    study.clock.time += 2 * DAY;
    assert.deepEqual(await found(purgeOf(study), { ageMs: 3 * DAY }), []);
    assert.equal((await found(purgeOf(study), { ageMs: DAY })).length, 1);
  }));

test("a clock that was set back ends nothing", () =>
  withCore({}, async (study) => {
    const { core, clock } = study;
    const name = await begin(core);
    clock.time -= 365 * DAY;
    assert.deepEqual(await found(purgeOf(study)), []);
    await core.uploads.write(name, {}, inChunks(CONTENT, 10_000));
    clock.time += AGE + 1;
    assert.deepEqual(await found(purgeOf(study)), [], "it was created later than that");
    clock.time += 365 * DAY;
    assert.equal((await found(purgeOf(study))).length, 1);
  }));

test("it goes through many sessions, tells how far it is, and stops when told to", () =>
  withCore({}, async (study) => {
    const { context, clock } = study;
    const record = { repository, algorithm: "sha256", createTime: clock.time } as const;
    const ids = Array.from({ length: 2500 }, (_, index) => `u-${String(index).padStart(5, "0")}`);
    await context.metadata.commit({ changes: ids.map((id) => put(uploadKey(id), record)) });
    clock.time += AGE + 1;
    const purge = purgeOf(study);
    const items: UploadPurgeItem[] = await toArray(purge.run({ dryRun: true }));
    const progress = items.flatMap((item) => (item.kind === "progress" ? [item.examined] : []));
    assert.deepEqual(progress, [1000, 2000, 2500]);
    assert.deepEqual(
      items.flatMap((item) => (item.kind === "upload" ? [item.id] : [])),
      ids,
    );
    const stop = new AbortController();
    let count = 0;
    for await (const _item of purge.run({ dryRun: true }, stop.signal)) if (++count === 10) stop.abort();
    assert.equal(count, 10);
    for await (const _item of purge.run({ dryRun: true })) break;
  }));

test("after a restart, the last activity is what it was before", async () => {
  await using stores = await openTemporaryStores();
  await withCoreOver(stores, async (study) => {
    const [old, fresh] = [await begin(study.core), await begin(study.core)];
    await ageFile(stores, old, 2 * DAY);
    const again = await stores.reopen();
    const core = createCore({ ...study.context, ...again });
    const restarted = { ...study, core, context: { ...study.context, ...again } };
    const inSixDays = () => Date.now() + 6 * DAY;
    const ended = await found(purgeOf(restarted, inSixDays));
    // It was created now, so it is not too old yet, whatever its file says.
    assert.deepEqual(ended, []);
    await ageFile(stores, fresh, -2 * DAY);
    const inEightDays = () => Date.now() + 8 * DAY;
    assert.deepEqual(
      (await found(purgeOf(restarted, inEightDays))).map((item) => "id" in item && item.id),
      [old.id],
      "the other one was written to later",
    );
    assert.deepEqual(await toArray(again.uploads.list()), [fresh.id]);
  });
});

test("bytes that a crash left are dropped once they are old, and nothing else in their place", async () => {
  await using stores = await openTemporaryStores();
  await withCoreOver(stores, async (study) => {
    const { core, context } = study;
    const [kept, crashed, young] = [await begin(core), await begin(core), await begin(core)];
    await context.metadata.commit({
      changes: [remove(uploadKey(crashed.id)), remove(uploadKey(young.id))],
    });
    await ageFile(stores, crashed, AGE + DAY);
    await writeFile(join(stores.root, "uploads", "README.txt"), "not an upload");
    await ageFile(stores, { id: "README.txt" }, AGE + DAY);
    const [orphan, ...others] = await found(purgeOf(study));
    assert.deepEqual(others, []);
    assert.ok(orphan?.kind === "orphan" && orphan.id === crashed.id && orphan.removed);
    assert.equal(orphan.size, CONTENT.length);
    assert.deepEqual((await toArray(context.uploads.list())).sort(), [kept.id, young.id].sort());
  });
});

test("a session whose end was cut off by a crash, between card and bytes, is cleared up", async () => {
  await using stores = await openTemporaryStores();
  await withCoreOver(stores, async (study) => {
    const { core, context } = study;
    const name = await begin(core);
    // The card is gone and announced, the bytes are there: what expire leaves when it stops in between.
    const broken = new Error("power cut");
    const cut = context.uploads.discardWhere(name.id, async () => {
      await context.metadata.commit({ changes: [remove(uploadKey(name.id))] });
      throw broken;
    });
    await assert.rejects(cut, broken);
    const items = await found(purgeOf(study, () => Date.now() + 8 * DAY));
    assert.deepEqual(
      items.map((item) => item.kind),
      ["orphan"],
    );
    assert.deepEqual(await toArray(context.uploads.list()), []);
  });
});

test("nobody can write between the last look at a session and its end", () =>
  withCore({}, async (study) => {
    const { core, context, clock } = study;
    const name = await begin(core);
    clock.time += AGE + 1;
    const write = () => core.uploads.write(name, {}, inChunks(CONTENT, 10_000));
    const attempts: unknown[] = [];
    const metadata = beforeEachGet(context.metadata, async () => {
      const acknowledged = await write().catch((error: unknown) => error);
      attempts.push(acknowledged);
    });
    const { uploads } = createCore({ ...context, metadata });
    assert.equal(await uploads.expire(name, clock.time - AGE), true);
    assert.notEqual(attempts.length, 0);
    // Refused for being held, or, after the end, for having ended.
    const refusals = ["BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN"];
    for (const attempt of attempts)
      assert.ok(attempt instanceof RegistryError && refusals.includes(attempt.code), String(attempt));
    assert.equal(await context.uploads.size(name.id), 0);
  }));

test("a write that meets the purge is either refused or kept, never acknowledged and lost", async () => {
  await using stores = await openTemporaryStores();
  await withCoreOver(stores, async (study) => {
    const { core } = study;
    const outcomes = { kept: 0, refused: 0 };
    for (let round = 0; round < 40; round++) {
      const name = await begin(core, CONTENT.subarray(0, 50));
      await ageFile(stores, name, AGE);
      await wait(20);
      const [written] = await Promise.allSettled([
        (async () => {
          await wait((round % 8) / 2);
          return core.uploads.write(name, { offset: 50 }, inChunks(CONTENT.subarray(0, 50), 10));
        })(),
        // So that the session is too old, and would not be once it was written to. The disk's clock may be 4 ms behind.
        found(purgeOf(study), { ageMs: 10 }),
      ]);
      const session = await core.uploads.get(name).catch(() => undefined);
      if (written.status === "fulfilled" && session !== undefined) {
        assert.equal(session.offset, 100);
        outcomes.kept++;
      } else {
        assert.equal(written.status, "rejected", "it was acknowledged, and is gone");
        outcomes.refused++;
      }
      await core.uploads.cancel(name, {}).catch(() => undefined);
    }
    assert.deepEqual(await toArray(study.context.uploads.list()), []);
    assert.ok(outcomes.kept > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
  });
});

/** The same study over stores on the disk, with its real time. */
function withCoreOver(stores: TemporaryStores, run: (study: Study) => Promise<void>): Promise<void> {
  return withCore({}, ({ context, clock }) => {
    const { blobs, uploads } = stores;
    const real = { ...context, blobs, uploads, now: Date.now };
    return run({ core: createCore(real), context: real, clock });
  });
}

/** The same catalogue; something happens whenever it is asked for a record. */
function beforeEachGet(metadata: MetadataStore, happens: () => Promise<void>): MetadataStore {
  return new Proxy(metadata, {
    get(target, property: keyof MetadataStore) {
      if (property !== "get") return target[property].bind(target);
      return async (key: Key<unknown>) => {
        await happens();
        return target.get(key);
      };
    },
  });
}

async function ageFile(
  { root }: TemporaryStores,
  { id }: { readonly id: string },
  age: number,
): Promise<void> {
  const time = new Date(Date.now() - age);
  await utimes(join(root, "uploads", id), time, time);
}
