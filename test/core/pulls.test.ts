// Pulls: which are recorded, how they become fewer events, and that none is lost
// while the log cannot be written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 } from "uuid";
import type { Pull } from "../../src/core/listener.ts";
import type { Origin, RequestRecord } from "../../src/core/origin.ts";
import { PullRecorder, type PullRecorderOptions } from "../../src/core/pulls.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { manifestKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import type { EventRecord } from "../../src/metadata/records.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { eventually } from "../support/eventually.ts";
import { FailingDatabase } from "./failing-database.ts";
import { DESCRIPTOR } from "./log.ts";
import { SOURCE } from "./study.ts";

const repository = parseRepositoryName("a/b");
const tag = parseTag("v");
const GET: RequestRecord = {
  id: "r",
  method: "GET",
  address: "10.0.0.1:4000",
  host: "example.com",
  userAgent: "x",
};

const pull = (change: Partial<Pull> = {}): Pull => ({
  repository,
  descriptor: DESCRIPTOR,
  headOnly: false,
  ...change,
});
const by = (change: Partial<RequestRecord> = {}): Origin => ({ request: { ...GET, ...change } });

interface Setting {
  readonly pulls: PullRecorder;
  readonly metadata: Catalogue;
  readonly database: FailingDatabase;
  readonly clock: { time: number };
  readonly reports: (readonly [message: string, facts: Readonly<Record<string, unknown>>])[];
  readonly events: () => Promise<readonly EventRecord[]>;
}

async function withPulls(
  options: Partial<PullRecorderOptions>,
  run: (setting: Setting) => Promise<void>,
): Promise<void> {
  const database = new FailingDatabase();
  const metadata = new Catalogue(await LevelEngine.over(database));
  const clock = { time: 1000 };
  const reports: Setting["reports"] = [];
  const pulls = new PullRecorder({
    metadata,
    now: () => clock.time,
    newId: v7,
    source: SOURCE,
    head: false,
    report: (message, facts) => void reports.push([message, facts]),
    flushMs: 3_600_000,
    ...options,
  });
  const events = async () => (await metadata.readEvents(0, 100_000)).map(({ event }) => event);
  try {
    await run({ pulls, metadata, database, clock, reports, events });
    database.isFull = false;
    await pulls.close();
  } finally {
    await metadata.close();
  }
}

/** How many pulls the events stand for. */
function total(events: readonly EventRecord[]): number {
  return events.reduce((sum, { fact }) => sum + (fact.kind === "manifest_pulled" ? (fact.count ?? 1) : 0), 0);
}

test("a pull becomes an event with all that is known of it", () =>
  withPulls({}, async ({ pulls, metadata, clock, events }) => {
    const subject = digestOf(Buffer.from("subject"));
    const { mediaType, digest, size } = DESCRIPTOR;
    const card = { mediaType, size, createTime: 1, revision: 1, subject, artifactType: "application/x" };
    await metadata.commit({ changes: [put(manifestKey(repository, digest), card)] });
    pulls.add({ ...by(), actor: "somebody" }, pull({ tag }));
    clock.time = 5000;
    await pulls.flush();
    const [event, ...others] = await events();
    assert.deepEqual(others, []);
    assert.deepEqual(event, {
      id: event?.id,
      time: 1000,
      repository,
      fact: { kind: "manifest_pulled", descriptor: DESCRIPTOR, tag, subject, artifactType: "application/x" },
      request: GET,
      actor: "somebody",
      source: SOURCE,
    });
  }));

test("what is known of the connection is asked for at once, and its loss is no failure", () =>
  withPulls({}, async ({ pulls, events }) => {
    let asked = 0;
    const origin = {
      get request() {
        if (asked++ > 0) throw new Error("the connection is gone");
        return GET;
      },
    };
    pulls.add(origin, pull());
    pulls.add(origin, pull());
    await pulls.flush();
    assert.deepEqual(
      (await events()).map(({ request }) => request),
      [GET, undefined],
    );
  }));

test("of descriptions only those that a client asked for are recorded, and only when that is wanted", async () => {
  const methods = ["GET", "HEAD", "PUT", "stowage.v1.ManifestService/StatManifest"];
  for (const head of [false, true]) {
    await withPulls({ head }, async ({ pulls, events }) => {
      for (const method of methods) pulls.add(by({ method }), pull({ headOnly: true }));
      pulls.add({}, pull({ headOnly: true }));
      await pulls.flush();
      const recorded = (await events()).map(({ request }) => request?.method);
      assert.deepEqual(recorded, head ? [methods[1], methods[3]] : []);
      for (const method of methods) pulls.add(by({ method }), pull());
      await pulls.flush();
      assert.equal((await events()).length, recorded.length + methods.length);
    });
  }
});

test("beyond a thousand, pulls of the same client and manifest share an event", () =>
  withPulls({}, async ({ pulls, events, reports }) => {
    for (let index = 0; index < 1000; index++) pulls.add(by(), pull());
    for (let index = 0; index < 500; index++) {
      pulls.add(by({ address: `10.0.0.1:${index}` }), pull({ tag }));
      pulls.add(by({ address: `[::1]:${index}` }), pull({ tag }));
      pulls.add(by({ address: `[::1]:${index}` }), pull());
      pulls.add({ ...by({ address: `[::1]:${index}` }), actor: "somebody" }, pull());
      pulls.add(by({ userAgent: "y" }), pull());
    }
    await pulls.flush();
    const found = await events();
    assert.equal(found.length, 1005);
    assert.ok(found.slice(0, 1000).every(({ fact }) => !("count" in fact)));
    assert.deepEqual(
      found.slice(1000).map(({ fact }) => "count" in fact && fact.count),
      [500, 500, 500, 500, 500],
    );
    assert.equal(total(found), 3500);
    assert.deepEqual(reports, []);
    pulls.add(by(), pull());
    await pulls.flush();
    assert.equal(total((await events()).slice(1005)), 1);
  }));

test("too many different pulls at once are dropped, and that is said once", () =>
  withPulls({}, async ({ pulls, events, reports }) => {
    for (let index = 0; index < 12_000; index++) pulls.add(by({ address: `10.0.${index}:1` }), pull());
    await pulls.flush();
    assert.equal(total(await events()), 11_000);
    assert.deepEqual(reports, [["pulls were not recorded", { pulls: 1000 }]]);
  }));

test("pulls that cannot be written are written later, once each and in order", () =>
  withPulls({}, async ({ pulls, database, events, reports }) => {
    database.isFull = true;
    for (let index = 0; index < 1500; index++) pulls.add(by({ address: `10.0.${index}:1` }), pull());
    await pulls.flush();
    await pulls.flush();
    pulls.add(by({ address: "last:1" }), pull());
    await pulls.flush();
    assert.deepEqual(
      reports.map(([message]) => message),
      ["pulls could not be written to the event log yet"],
    );
    database.isFull = false;
    await pulls.flush();
    const found = await events();
    assert.deepEqual(
      found.map(({ request }) => request?.address),
      [...Array.from({ length: 1500 }, (_, index) => `10.0.${index}:1`), "last:1"],
    );
    assert.equal(new Set(found.map(({ id }) => id)).size, 1501);
  }));

test("a pull whose commit failed and yet happened can be told by its id", () =>
  withPulls({}, async ({ pulls, database, events }) => {
    database.isFull = true;
    database.keepsLast = true;
    pulls.add(by(), pull());
    await pulls.flush();
    database.isFull = false;
    await pulls.flush();
    const ids = (await events()).map(({ id }) => id);
    assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
  }));

test("what waits to be written does not grow without bounds", () =>
  withPulls({}, async ({ pulls, database, events, reports }) => {
    database.isFull = true;
    for (let window = 0; window < 3; window++) {
      for (let index = 0; index < 5000; index++)
        pulls.add(by({ address: `10.${window}.${index}:1` }), pull());
      await pulls.flush();
    }
    assert.deepEqual(reports.at(-1), ["pulls were not recorded", { pulls: 4000 }]);
    database.isFull = false;
    await pulls.flush();
    assert.equal(total(await events()), 11_000);
  }));

test("pulls are written by themselves after a while, and when it is closed", () =>
  withPulls({ flushMs: 20 }, async ({ pulls, database, events }) => {
    pulls.add(by(), pull());
    const written = (count: number) => async () => ((await events()).length === count ? true : undefined);
    await eventually("the pull", written(1));
    database.isFull = true;
    pulls.add(by(), pull());
    await pulls.flush();
    database.isFull = false;
    await eventually("the second attempt, without another pull", written(2));
    pulls.add(by(), pull());
    await pulls.close();
    assert.equal((await events()).length, 3);
    pulls.add(by(), pull());
    await pulls.flush();
    assert.equal((await events()).length, 3);
  }));
