// Snapshots at the beginning of a subscription: what is in them, and that none is
// held open by a client that does not read it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventChoice, parseEventFilter } from "../../src/core/event-filter.ts";
import { EventLog, type SnapshotItem } from "../../src/core/events.ts";
import { NOBODY } from "../../src/core/origin.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { eventually } from "../support/eventually.ts";
import { Reader } from "./log.ts";
import { has, type Study, withCore } from "./study.ts";

const SNAPSHOT = { kind: "snapshot" } as const;

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Pushes a manifest of one blob. */
async function push({ core }: Study, name: string, tags: readonly string[], artifactType?: string) {
  const repository = parseRepositoryName(name);
  const content = Buffer.from(`${name} ${tags} ${artifactType}`);
  const { id } = await core.uploads.create(repository);
  const digest = digestOf(content);
  await core.uploads.writeAndCommit({ repository, id }, {}, { digest, origin: NOBODY }, once(content));
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest, size: content.length };
  const document = { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, artifactType, config, layers: [] };
  const manifest = { repository, mediaType: "", content: Buffer.from(JSON.stringify(document)) };
  await core.manifests.put({ ...manifest, tags: tags.map(parseTag) }, NOBODY);
}

function nameOf(item: SnapshotItem): string {
  return item.kind === "tag" ? `${item.repository}:${item.tag}` : `${item.kind} ${item.repository}`;
}

async function snapshotOf(log: EventLog, choice: EventChoice = {}): Promise<string[]> {
  const reader = new Reader(log, { start: SNAPSHOT, filter: parseEventFilter(choice) });
  const found: string[] = [];
  for (;;) {
    const delivery = await reader.next();
    if (delivery?.kind === "snapshot_item") found.push(nameOf(delivery.item));
    if (delivery?.kind === "snapshot_end") break;
  }
  reader.leave();
  assert.equal(await reader.next(), undefined);
  return found;
}

test("a snapshot tells repositories, then blobs, manifests and tags", () =>
  withCore({}, async (study) => {
    assert.deepEqual(await snapshotOf(study.core.events), []);
    await push(study, "b", []);
    await push(study, "a/b", ["v", "w"]);
    assert.deepEqual(await snapshotOf(study.core.events), [
      ...[
        "repository a/b",
        "repository b",
        "blob a/b",
        "blob b",
        "manifest a/b",
        "manifest b",
        "a/b:v",
        "a/b:w",
      ],
    ]);
  }));

test("a filter chooses of a snapshot what the events would have passed as", () =>
  withCore({}, async (study) => {
    await push(study, "team", ["v1"]);
    await push(study, "team/a", ["v1", "latest"]);
    await push(study, "team/a", ["s1"], "application/spdx+json");
    await push(study, "teams", []);
    const chosen = (choice: EventChoice) => snapshotOf(study.core.events, choice);
    const kinds = ["manifest_pushed", "tag_created"];
    assert.deepEqual(await chosen({ kinds: ["repository_created"] }), [
      ...["repository team", "repository team/a", "repository teams"],
    ]);
    assert.deepEqual(await chosen({ kinds: ["tag_moved", "blob_deleted"] }), []);
    const below = ["manifest team/a", "manifest team/a", "team/a:latest", "team/a:s1", "team/a:v1"];
    assert.deepEqual(await chosen({ repositoryPrefixes: ["team/"], kinds }), below);
    assert.deepEqual(await chosen({ repositoryPrefixes: ["team/a", "team/", "é", "team/a"], kinds }), below);
    assert.deepEqual(await chosen({ repositories: ["team/*"], kinds }), below);
    assert.deepEqual(await chosen({ repositoryPrefixes: ["team"], kinds: ["repository_created"] }), [
      ...["repository team", "repository team/a", "repository teams"],
    ]);
    assert.deepEqual(await chosen({ repositoryPrefixes: ["nobody", "TEAM"] }), []);
    assert.deepEqual(await chosen({ artifactTypes: ["*/spdx*"] }), ["manifest team/a", "team/a:s1"]);
    assert.deepEqual(await chosen({ tags: ["v*"] }), [
      "manifest team",
      "manifest team/a",
      "team:v1",
      "team/a:v1",
    ]);
    assert.deepEqual(await chosen({ mediaTypes: ["*/octet-stream"], repositories: ["team"] }), ["blob team"]);
  }));

test("a manifest of very many tags is chosen by any of them", () =>
  withCore({}, async (study) => {
    const tags = Array.from({ length: 700 }, (_, index) => `t${String(index).padStart(3, "0")}`);
    await push(study, "a", tags);
    assert.deepEqual(await snapshotOf(study.core.events, { tags: ["t699"] }), ["manifest a", "a:t699"]);
    assert.equal((await snapshotOf(study.core.events)).length, 703);
  }));

/** The store, and how many of its snapshots are open. */
function counting(metadata: MetadataStore) {
  const counted = { open: 0, metadata };
  const snapshot = async () => {
    const opened = await metadata.snapshot();
    counted.open++;
    let isOpen = true;
    const close = () => {
      counted.open -= isOpen ? 1 : 0;
      isOpen = false;
      return opened.close();
    };
    return {
      lastSequence: opened.lastSequence,
      page: opened.page.bind(opened),
      close,
      [Symbol.asyncDispose]: close,
    };
  };
  counted.metadata = new Proxy(metadata, {
    get: (target, name) => {
      const member: unknown = name === "snapshot" ? snapshot : Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return counted;
}

test("a client that stalls in a snapshot, or takes too long over it, loses it", () =>
  withCore({}, async (study) => {
    for (let index = 0; index < 3; index++) await push(study, `a${index}`, ["v"]);
    for (const [snapshotLimits, text] of [
      [{ stallMs: 40, totalMs: 60_000 }, /nothing of it was read for 0.04 s/],
      [{ stallMs: 400, totalMs: 20 }, /more than 0.02 s/],
    ] as const) {
      const counted = counting(study.context.metadata);
      const log = new EventLog(counted.metadata, { snapshotLimits });
      const reader = new Reader(log, { start: SNAPSHOT });
      await reader.take(3);
      assert.equal(counted.open, 1);
      await eventually("the snapshot's end", async () => (counted.open === 0 ? true : undefined));
      await assert.rejects(reader.take(100), (error: RegistryError) => {
        assert.match(error.message, text);
        return error.code === "UNAVAILABLE";
      });
    }
  }));

test("a snapshot is closed when it is told, when the client leaves, and when the store fails", () =>
  withCore({}, async (study) => {
    for (let index = 0; index < 3; index++) await push(study, `a${index}`, ["v"]);
    const counted = counting(study.context.metadata);
    const log = new EventLog(counted.metadata);
    await snapshotOf(log);
    assert.equal(counted.open, 0);
    const leaving = new Reader(log, { start: SNAPSHOT });
    await leaving.take(2);
    assert.equal(counted.open, 1);
    leaving.leave();
    assert.equal(await leaving.next(), undefined);
    assert.equal(counted.open, 0);
    const failing = new Reader(log, { start: SNAPSHOT });
    await failing.take(1);
    await study.context.metadata.close();
    await assert.rejects(failing.take(100), has("UNAVAILABLE"));
    assert.equal(counted.open, 0);
  }));

test("while nothing of a snapshot passes, keepalives without a cursor come", () =>
  withCore({}, async (study) => {
    for (let index = 0; index < 3; index++) await push(study, `a${index}`, ["v"]);
    const filter = parseEventFilter({ tags: ["nothing"] });
    const reader = new Reader(study.core.events, { start: SNAPSHOT, filter, keepaliveMs: 0 });
    const seen = await reader.take(6);
    assert.deepEqual([seen[0], ...new Set(seen.slice(1, -1))], ["ready 12", "keepalive"]);
    reader.leave();
  }));
