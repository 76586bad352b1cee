// Runs as a whole: what they free, to the byte; that they can be stopped anywhere and
// go on; many tags; and when the next one is due.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { nextRetentionTime } from "../../src/maintenance/retention/schedule.ts";
import { retentionRunKey } from "../../src/metadata/keeping-keys.ts";
import { tagKey } from "../../src/metadata/keys.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { type Study, withCore } from "../core/study.ts";
import { Random } from "../support/random.ts";
import { collect, DAY, keeping, retentionOf, Shelf, simulateAndApply } from "./retention-bench.ts";

const LAYERS = Array.from({ length: 12 }, (_, at) => `layer ${"x".repeat(at * 37)}${at}`);

/** Pushes images, indexes, referrers and signatures that share layers, over some days. */
async function fill(study: Study, shelf: Shelf, random: Random): Promise<void> {
  const digests: Digest[] = [];
  const tags = ["v1", "v2", "v3", "build-1", "build-2", "build-3", "latest"];
  for (let count = 0; count < 25; count++) {
    study.clock.time += random.integer(0, DAY);
    const chosen = random.chance(0.6) ? [random.pick(tags), random.pick(tags)] : [];
    const texts = [`config ${random.integer(0, 30)}`, random.pick(LAYERS), random.pick(LAYERS)];
    const known = digests.length === 0 ? [] : [random.pick(digests), random.pick(digests)];
    const [first] = known;
    const kind = first === undefined ? 0 : random.integer(0, 5);
    if (kind === 1) digests.push(await shelf.index([...new Set(known)], chosen));
    else if (kind === 2 && first !== undefined)
      digests.push(await shelf.image(texts, { tags: random.chance(0.2) ? chosen : [], subject: first }));
    else if (kind === 3 && first !== undefined)
      digests.push(await shelf.image(texts, { tags: [`${first.replace(":", "-")}.sig`] }));
    else digests.push(await shelf.image(texts, { tags: chosen }));
  }
}

/** Removes what is due, and tells how many bytes of blobs that were. */
async function sweep({ context }: Study): Promise<number> {
  let bytes = 0;
  for await (const item of new Collector({ context, rate: 0 }).run())
    if (item.kind === "blob") bytes += item.size;
  return bytes;
}

test("a run frees as many bytes as it says, and deletes what the simulation lists", async (t) => {
  const random = Random.fromEnvironment("RETENTION_SEED");
  t.diagnostic(`RETENTION_SEED=${random.seed}`);
  let all = 0;
  for (let round = 0; round < 8; round++) {
    const choices = random.fork();
    await withCore({}, async (study) => {
      const shelves = ["a", "a/b", "c"].map((name) => new Shelf(study, name));
      for (const shelf of shelves) await fill(study, shelf, choices);
      const { graceMs, trashAgeMs } = study.context.options;
      study.clock.time += graceMs + 1;
      await sweep(study); // what was pushed and never named
      const seed = `seed ${random.seed}, round ${round}`;
      const config = keeping({ newest: 2, tags: ["v1"] }, 15 * DAY);
      const { simulated, applied } = await simulateAndApply(study, config, { all: true });
      await assertDone(shelves, applied, seed);
      const again = await collect(retentionOf(study, config).apply());
      assert.deepEqual([again.summary.tagsDeleted, again.summary.manifestsDeleted], [0, 0], seed);
      let freed = 0;
      for (const wait of [trashAgeMs, graceMs, graceMs]) {
        study.clock.time += wait + 1;
        freed += await sweep(study);
      }
      assert.equal(simulated.summary.bytesFreed, freed, seed);
      all += freed;
    });
  }
  assert.ok(all > 0);
});

/** What was told to stay is there, and nothing else. */
async function assertDone(
  shelves: readonly Shelf[],
  { items }: { readonly items: readonly { readonly kind: string }[] },
  seed: string,
): Promise<void> {
  for (const shelf of shelves) {
    const kept = { tags: new Set<string>(), manifests: new Set<string>() };
    for (const item of items as Awaited<ReturnType<typeof collect>>["items"]) {
      if (item.kind === "tag" && item.repository === shelf.repository && item.action === "keep")
        kept.tags.add(item.tag);
      if (item.kind === "manifest" && item.repository === shelf.repository && item.action === "keep")
        kept.manifests.add(item.digest);
    }
    const { tags, manifests } = await shelf.contents();
    assert.deepEqual(new Set(tags), kept.tags, seed);
    assert.deepEqual(new Set(manifests), kept.manifests, seed);
  }
}

test("bytes that the trash, another repository or a sibling holds are not freed", () =>
  withCore({}, async (study) => {
    const [one, other] = [new Shelf(study, "one"), new Shelf(study, "other")];
    const config = keeping({ tags: ["v*"] });
    await one.image(["config 1", "own", "shared in one", "shared with other", "in the trash"], {
      tags: ["build"],
    });
    await one.image(["config 2", "shared in one"], { tags: ["v1"] });
    await other.image(["config 3", "shared with other"], { tags: ["v1"] });
    const trashed = await one.image(["config 4", "in the trash"], { tags: ["v2"] });
    await study.core.manifests.delete(one.repository, trashed, NOBODY, { kind: "belonged", to: trashed });
    const { summary, items } = await collect(retentionOf(study, config).simulate());
    const build = items.find((item) => item.kind === "tag" && item.tag === "build");
    const texts = ["config 1", "own", "shared in one", "shared with other", "in the trash"];
    const size = summary.bytesLogical - texts.join("").length; // of the manifest
    assert.equal(summary.bytesFreed, size + "config 1".length + "own".length);
    assert.equal(build?.kind === "tag" && build.size, summary.bytesLogical);
  }));

test("a run can be stopped anywhere; the next one goes on and only a whole one is remembered", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    for (let at = 0; at < 40; at++) await shelf.image([`config ${at}`], { tags: [`build-${at}`] });
    await shelf.image(["kept"], { tags: ["v1"] });
    const retention = retentionOf(study, keeping({ tags: ["v*"] }));
    let told = 0;
    for await (const item of retention.apply()) if (item.kind === "manifest" && ++told === 5) break;
    const afterBreak = (await shelf.contents()).tags.length;
    assert.ok(afterBreak > 1 && afterBreak <= 36, String(afterBreak));
    const aborting = new AbortController();
    const items = [];
    for await (const item of retention.apply({}, aborting.signal)) {
      items.push(item);
      if (items.length === 10) aborting.abort();
    }
    assert.ok(!items.some(({ kind }) => kind === "summary"));
    const afterAbort = await shelf.contents();
    assert.ok(afterAbort.tags.length > 1 && afterAbort.tags.length < afterBreak);
    assert.equal(afterAbort.manifests.length, afterAbort.tags.length);
    assert.equal(await study.context.metadata.get(retentionRunKey), undefined);
    const { summary } = await collect(retention.apply());
    assert.equal(summary.tagsDeleted, afterAbort.tags.length - 1);
    assert.deepEqual((await shelf.contents()).tags, ["v1"]);
    const record = await study.context.metadata.get(retentionRunKey);
    assert.deepEqual([record?.tags, record?.manifests], [summary.tagsDeleted, summary.manifestsDeleted]);
  }));

test("a simulation that is stopped early ends without a sum", () =>
  withCore({}, async (study) => {
    await new Shelf(study).image(["one"], { tags: ["v1"] });
    const items = await Array.fromAsync(
      retentionOf(study, keeping({ newest: 1 })).simulate({}, AbortSignal.abort()),
    );
    assert.deepEqual(
      items.filter(({ kind }) => kind === "summary"),
      [],
    );
  }));

test("runs of some repositories, or of rules that are tried, do not count as the scheduled one", () =>
  withCore({}, async (study) => {
    await new Shelf(study).image(["one"], { tags: ["v1"] });
    const rules = keeping({ newest: 1 });
    const retention = retentionOf(study, rules);
    await collect(retention.apply({ repositories: ["**"] }));
    await collect(retention.apply({ rules }));
    assert.equal(await study.context.metadata.get(retentionRunKey), undefined);
    await collect(retention.apply());
    assert.notEqual(await study.context.metadata.get(retentionRunKey), undefined);
  }));

test("the next run is due an interval after the start of the last, at once when there was none", () =>
  withCore({}, async (study) => {
    const { context, clock } = study;
    const next = () => nextRetentionTime(context.metadata, { now: clock.time, intervalMs: DAY });
    assert.equal(await next(), clock.time);
    const start = clock.time;
    await collect(retentionOf(study, keeping({ newest: 1 })).apply());
    clock.time += DAY / 2;
    assert.equal(await next(), start + DAY);
    clock.time = start - 1000 * DAY; // the clock was set
    assert.equal(await next(), clock.time + DAY);
  }));

test("whoever pushes while a run deletes gets what was pushed, or is told that something is missing", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digests: Digest[] = [];
    for (let at = 0; at < 60; at++) {
      study.clock.time += 1;
      digests.push(await shelf.image([`config ${at}`], { tags: [`build-${at}`] }));
    }
    const outcomes = { pushed: 0, refused: 0 };
    const note = (push: Promise<unknown>) =>
      push.then(
        () => outcomes.pushed++,
        (error: unknown) => {
          assert.ok(error instanceof RegistryError && error.code === "MANIFEST_BLOB_UNKNOWN", String(error));
          outcomes.refused++;
        },
      );
    const begin = digests.flatMap((digest, at) => {
      if (at % 3 === 0) return [() => shelf.index([digest], [`v-index-${at}`])];
      return at % 3 === 1 ? [() => shelf.image([`config ${at}`], { tags: [`v-${at}`] })] : [];
    });
    const pushes: Promise<unknown>[] = [];
    // About as fast as manifests go, from just behind those that went up to those that will.
    for await (const _item of retentionOf(study, keeping({ tags: ["v*"] })).apply())
      for (const push of begin.splice(0, 2)) pushes.push(note(push()));
    await Promise.all(pushes);
    assert.equal(outcomes.pushed + outcomes.refused, 40);
    const { metadata } = study.context;
    const { tags, manifests } = await shelf.contents();
    for (const tag of tags) {
      assert.match(tag, /^v-/);
      const record = await metadata.get(tagKey(shelf.repository, parseTag(tag)));
      assert.ok(record !== undefined && manifests.includes(record.digest), tag);
      if (!tag.startsWith("v-index-")) continue;
      const member = digests[Number(tag.slice("v-index-".length))];
      assert.ok(member !== undefined && manifests.includes(member), tag);
    }
    assert.equal(tags.length, outcomes.pushed);
  }));

test("a repository of many tags, and a manifest of many, are cleaned", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const many = 1200; // more than are read, or deleted, at once
    const config = await shelf.blob("shared");
    for (let at = 0; at < many; at++) {
      study.clock.time += 1;
      const annotations = { at: String(at) };
      const image = { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers: [], annotations };
      await shelf.manifest(image, [`own-${at}`]);
    }
    study.clock.time += 1;
    const tags = Array.from({ length: many }, (_, at) => `same-${at}`);
    const same = await shelf.image(["same"], { tags });
    const rules = [
      { name: "own", repositories: ["**"], tags: ["own-*"], keep: { newest: 3 } },
      { name: "same", repositories: ["**"], tags: ["same-*"], keep: { pushedWithinMs: 1 } },
    ];
    study.clock.time += 2;
    const told = await collect(retentionOf(study, { rules }).apply());
    assert.deepEqual([told.summary.tagsDeleted, told.summary.manifestsDeleted], [2 * many - 3, many - 2]);
    const left = await shelf.contents();
    assert.deepEqual(left.tags, ["own-1197", "own-1198", "own-1199"]);
    assert.ok(!left.manifests.includes(same));
    assert.ok(told.items.filter(({ kind }) => kind === "progress").length > 2);
  }));
