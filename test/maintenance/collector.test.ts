// Collecting: what nothing needs goes when its time is over, and nothing else ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { type CollectionRequest, Collector } from "../../src/maintenance/collector/collector.ts";
import { due, held, holders, named } from "../../src/metadata/keeping-keys.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import {
  blobOf,
  pushBlob,
  pushImage,
  pushIndex,
  putImage,
  REPOSITORY as repository,
} from "../core/pictures.ts";
import { has, type Study, withCore } from "../core/study.ts";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const ON = { deleteEnabled: true };
const elsewhere = parseRepositoryName("c/d");

async function collect({ context }: Study, request: CollectionRequest = {}) {
  const items = [];
  for await (const item of new Collector({ context, rate: 0 }).run(request)) items.push(item);
  const last = items.at(-1);
  assert.ok(last?.kind === "finished");
  return { items, totals: last.totals };
}

async function isInCellar({ context }: Study, digest: Digest): Promise<boolean> {
  return (await context.blobs.stat(digest)) !== undefined;
}

async function count({ context }: Study, prefix: typeof due | typeof held): Promise<number> {
  return (await context.metadata.page<unknown>(prefix, { limit: 10_000, namesOnly: true })).length;
}

test("a deleted image leaves nothing behind once its time is over, and not before", () =>
  withCore({ ...ON, tagHistoryMs: DAY }, async (study) => {
    const { core, clock } = study;
    const { digest } = await pushImage(core, ["one"], { tags: ["v1"] });
    await core.manifests.delete(repository, digest, NOBODY);
    clock.time += 7 * DAY - 1;
    assert.equal((await collect(study)).totals.manifests, 0);
    clock.time += 1;
    const { totals } = await collect(study);
    // The manifest is gone, bytes and all; its blobs have a day for whoever relies on them.
    assert.deepEqual([totals.manifests, totals.blobs, totals.links], [1, 1, 0]);
    assert.ok(await isInCellar(study, blobOf("one")));
    clock.time += DAY;
    const rest = await collect(study);
    assert.deepEqual([rest.totals.links, rest.totals.blobs, rest.totals.repositories], [2, 2, 1]);
    assert.ok(!(await isInCellar(study, blobOf("one"))));
    for (const prefix of [due, held, holders, named]) assert.equal(await count(study, prefix), 0);
    await assert.rejects(core.tags.list(repository, { limit: 1 }, { namesOnly: true }), has("NAME_UNKNOWN"));
    assert.deepEqual((await core.listRepositories({ limit: 9 })).items, []);
  }));

test("nothing that something needs ever goes, however long it lies there", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    const member = await pushImage(core, ["member"]);
    const index = await pushIndex(core, [member], { tags: ["v1"] });
    const untagged = await pushImage(core, ["untagged"]);
    const sig = await pushImage(core, ["sig"], { subject: index });
    clock.time += 400 * DAY;
    const { totals } = await collect(study);
    assert.deepEqual([totals.manifests, totals.links, totals.blobs], [0, 0, 0]);
    for (const { digest } of [member, index, untagged, sig]) {
      assert.ok(await isInCellar(study, digest));
      await core.manifests.get(repository, { kind: "digest", digest }, NOBODY);
    }
    for (const text of ["member", "untagged", "sig"]) await core.blobs.stat(repository, blobOf(text));
  }));

test("a blob stays as long as one repository has it", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    const here = await pushImage(core, ["base", "here"]);
    await pushImage(core, ["base", "there"], { repository: elsewhere, tags: ["v1"] });
    await core.manifests.delete(repository, here.digest, NOBODY);
    clock.time += 30 * DAY;
    await collect(study);
    clock.time += 2 * DAY;
    await collect(study);
    await assert.rejects(core.blobs.stat(repository, blobOf("base")), has("BLOB_UNKNOWN"));
    assert.equal((await core.blobs.stat(elsewhere, blobOf("base"))).size, 4);
    assert.ok(!(await isInCellar(study, blobOf("here"))));
  }));

test("a fresh blob waits a day for its manifest, and a day more whenever it is asked for", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    await pushBlob(core, "layer");
    for (let asked = 0; asked < 5; asked++) {
      clock.time += DAY - 1;
      await core.blobs.stat(repository, blobOf("layer"));
      assert.equal((await collect(study)).totals.links, 0);
    }
    clock.time += DAY;
    const { totals } = await collect(study);
    assert.deepEqual([totals.links, totals.blobs], [1, 1]);
  }));

test("pushing or mounting what is there already gives it the same time again", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    await pushBlob(core, "pushed");
    await pushBlob(core, "mounted");
    clock.time += DAY - 1;
    await pushBlob(core, "pushed");
    await core.blobs.mount({ repository, digest: blobOf("mounted") }, NOBODY);
    clock.time += DAY - 1;
    assert.equal((await collect(study)).totals.links, 0);
    await core.blobs.stat(repository, blobOf("mounted"));
    clock.time += 1;
    assert.equal((await collect(study)).totals.links, 1);
  }));

test("an upload that goes on keeps what its push brought before, but not for ever", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    await pushBlob(core, "first layer");
    const { id } = await core.uploads.create(repository);
    clock.time += 3 * DAY;
    assert.equal((await collect(study)).totals.links, 0);
    await core.uploads.cancel({ repository, id }, NOBODY);
    clock.time += DAY;
    assert.equal((await collect(study)).totals.links, 1);
    await pushBlob(core, "first layer");
    await core.uploads.create(repository);
    clock.time += 8 * DAY;
    assert.equal((await collect(study)).totals.links, 1);
  }));

test("what a manifest needed until it was purged has its time from then on", () =>
  withCore({ ...ON, trashAgeMs: 0 }, async (study) => {
    const { core, clock } = study;
    const one = await pushImage(core, ["base"], { artifactType: "a/one" });
    clock.time += 10 * DAY;
    await core.blobs.stat(repository, blobOf("base"));
    await core.manifests.delete(repository, one.digest, NOBODY);
    await collect(study);
    clock.time += DAY - 1;
    await collect(study);
    await core.blobs.stat(repository, blobOf("base"));
  }));

test("a shorter grace time is for this run only", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    await pushBlob(core, "layer");
    clock.time += HOUR;
    await pushBlob(core, "younger");
    const { totals } = await collect(study, { graceMs: HOUR });
    assert.deepEqual([totals.links, totals.blobs], [1, 1]);
    await core.blobs.stat(repository, blobOf("younger"));
    assert.deepEqual((await collect(study, { graceMs: 0 })).totals.blobs, 1);
  }));

test("a dry run tells what a run then does, and changes nothing", () =>
  withCore(ON, async (study) => {
    const { core, context, clock } = study;
    const one = await pushImage(core, ["base", "one"], { tags: ["v1"] });
    await pushImage(core, ["base", "two"], { tags: ["v2"] });
    await pushBlob(core, "loose");
    await pushBlob(core, "in both");
    await pushBlob(core, "in both", elsewhere);
    await core.manifests.delete(repository, one.digest, NOBODY);
    clock.time += 8 * DAY;
    const before = context.metadata.lastSequence();
    const told = (await collect(study, { dryRun: true })).items.filter(isRemoval);
    assert.equal(context.metadata.lastSequence(), before);
    const again = (await collect(study, { dryRun: true })).items.filter(isRemoval);
    assert.deepEqual(again, told);
    const done = (await collect(study)).items.filter(isRemoval).filter(({ kind }) => kind !== "repository");
    assert.deepEqual(new Set(told.map(line)), new Set(done.map(line)));
    assert.equal(told.length, done.length);
  }));

const isRemoval = ({ kind }: { readonly kind: string }) => kind !== "progress" && kind !== "finished";
const line = (item: object) => JSON.stringify(Object.entries(item).sort());

test("the collector never takes bytes that somebody is about to rely on", () =>
  withCore({ ...ON, graceMs: 0, trashAgeMs: 0 }, async (study) => {
    const { core, context, clock } = study;
    const collector = new Collector({ context, rate: 0 });
    let isOver = false;
    const sweeping = (async () => {
      while (!isOver) {
        clock.time += 1;
        for await (const _ of collector.run());
        await new Promise(setImmediate);
      }
    })();
    const push = async (writer: number) => {
      for (let round = 0; round < 60; round++) {
        // The same few blobs come and go all the time, in several repositories.
        const text = `layer ${round % 3}`;
        const place = parseRepositoryName(`r${writer}`);
        const digest = await pushBlob(core, text, place);
        const config = `config ${writer}`;
        await pushBlob(core, config, place);
        const image = await putImage(core, config, [text], { repository: place }).catch(() => undefined);
        // Without a grace time a layer may go before its manifest comes; with the manifest it must be there.
        if (image === undefined) continue;
        for await (const bytes of context.blobs.read(digest, { offset: 0 }))
          assert.equal(digestOf(bytes), digest);
        await core.manifests.delete(place, image.digest, NOBODY);
      }
    };
    await Promise.all([1, 2, 3, 4].map(push));
    isOver = true;
    await sweeping;
  }));

test("a run that is broken off is finished by the next", () =>
  withCore({ ...ON, graceMs: HOUR }, async (study) => {
    const { core, context, clock } = study;
    for (let blob = 0; blob < 200; blob++) await pushBlob(core, `blob ${blob}`);
    clock.time += HOUR;
    const collector = new Collector({ context, rate: 0 });
    for await (const item of collector.run()) if (item.kind === "progress") break;
    const stop = new AbortController();
    for await (const item of collector.run({}, stop.signal)) if (item.kind === "blob") stop.abort();
    await collect(study);
    for (const prefix of [due, held, holders]) assert.equal(await count(study, prefix), 0);
    for (let blob = 0; blob < 200; blob++) assert.ok(!(await isInCellar(study, blobOf(`blob ${blob}`))));
  }));

test("what is on the list several times is dealt with once, and taken off altogether", () =>
  withCore(ON, async (study) => {
    const { core, clock, context } = study;
    for (const seed of ["one", "two", "three", "four"]) {
      const { digest } = await pushImage(core, [seed, "shared"]);
      await core.manifests.delete(repository, digest, NOBODY);
    }
    clock.time += 7 * DAY;
    await collect(study); // purges the manifests, each of which leaves an entry for the layer that all had
    clock.time += DAY;
    await collect(study);
    assert.deepEqual(await context.metadata.page(due, { limit: 10 }), []);
    assert.ok(!(await isInCellar(study, blobOf("shared"))));
  }));

test("a crash between the card and the bytes leaves no bytes behind", () =>
  withCore({ ...ON, graceMs: HOUR }, async (study) => {
    const { core, context, clock } = study;
    const digest = await pushBlob(core, "layer");
    clock.time += HOUR;
    const broken = {
      ...context,
      blobs: { ...context.blobs, delete: () => Promise.reject(new Error("killed")) },
    };
    const collector = new Collector({ context: broken as never, rate: 0 });
    await assert.rejects(async () => {
      for await (const _ of collector.run());
    }, /killed|sync/);
    assert.ok(await isInCellar(study, digest));
    const { totals } = await collect(study);
    assert.equal(totals.blobs, 1);
    assert.ok(!(await isInCellar(study, digest)));
  }));

test("old changes of a tag are forgotten, but not the last one of a tag that is there", () =>
  withCore({ ...ON, tagHistoryMs: 10 * DAY }, async (study) => {
    const { core, clock } = study;
    const tag = parseTag("latest");
    await pushImage(core, ["one"], { tags: ["latest"] });
    clock.time += 1;
    const two = await pushImage(core, ["two"], { tags: ["latest"] });
    clock.time += 20 * DAY;
    await collect(study);
    const { items } = await core.tagHistory.list(repository, tag, { limit: 10 });
    assert.deepEqual(
      items.map(({ to }) => to),
      [two.digest],
    );
  }));

test("each thing that goes is announced, and the end of a run that removed something", () =>
  withCore(ON, async (study) => {
    const { core, context, clock } = study;
    await pushBlob(core, "layer");
    clock.time += DAY;
    const before = context.metadata.lastSequence();
    await collect(study);
    const events = await context.metadata.readEvents(before, 10);
    assert.deepEqual(
      events.map(({ event }) => [event.fact.kind, event.repository]),
      [
        ["blob_deleted", repository],
        ["repository_deleted", repository],
        ["blob_collected", undefined],
        ["collection_finished", undefined],
      ],
    );
    await collect(study);
    assert.equal(context.metadata.lastSequence(), before + 4);
  }));
