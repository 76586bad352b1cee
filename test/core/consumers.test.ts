// Named consumers: what is remembered of them, and who is connected as whom.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumers } from "../../src/core/consumers.ts";
import { parseEventFilter } from "../../src/core/event-filter.ts";
import { EventLog, type SubscriptionRequest } from "../../src/core/events.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { consumerKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { FailingDatabase } from "./failing-database.ts";
import { append, appendMany, eventAt, Reader } from "./log.ts";
import { has } from "./study.ts";

interface Setting {
  readonly consumers: Consumers;
  readonly events: EventLog;
  readonly metadata: Catalogue;
  readonly engine: LevelEngine;
  readonly database: FailingDatabase;
  readonly clock: { time: number };
  readonly read: (name: string, request?: Partial<SubscriptionRequest>) => Reader;
}

/** A log of ten events. */
async function withConsumers(run: (setting: Setting) => Promise<void>): Promise<void> {
  const database = new FailingDatabase();
  const engine = await LevelEngine.over(database);
  const metadata = new Catalogue(engine);
  const clock = { time: 1000 };
  const events = new EventLog(metadata);
  const consumers = new Consumers({ metadata, events, now: () => clock.time });
  const read: Setting["read"] = (name, request = {}) => {
    const { start: _start, ...given } = { start: undefined, ...request };
    const source = {
      subscribe: ({ start: _default, ...rest }: SubscriptionRequest) =>
        consumers.subscribe({ ...rest, name, ...(request.start !== undefined && { start: request.start }) }),
    };
    return new Reader(source, given);
  };
  try {
    await appendMany(metadata, 10);
    await run({ consumers, events, metadata, engine, database, clock, read });
  } finally {
    await metadata.close();
  }
}

const START = { kind: "start" } as const;

test("a consumer is made once, and stays as it was when it is made again", () =>
  withConsumers(async ({ consumers, clock }) => {
    const first = await consumers.create("a.b-c_1", { kind: "after", sequence: 4 });
    assert.deepEqual(first, {
      created: true,
      consumer: {
        name: "a.b-c_1",
        sequence: 4,
        createTime: 1000,
        lag: 6,
        isConnected: false,
        isExpired: false,
      },
    });
    clock.time++;
    const again = await consumers.create("a.b-c_1", { kind: "after", sequence: 999 });
    assert.deepEqual(again, { created: false, consumer: first.consumer });
    await assert.rejects(consumers.create("new", { kind: "after", sequence: 11 }), has("CURSOR_INVALID"));
    const both = await Promise.all([
      consumers.create("twin", START),
      consumers.create("twin", { kind: "now" }),
    ]);
    assert.equal(both.filter(({ created }) => created).length, 1);
    assert.equal(both[0]?.consumer.sequence, both[1]?.consumer.sequence);
  }));

test("a name that is none is refused, and nobody has it", () =>
  withConsumers(async ({ consumers, read }) => {
    for (const name of ["", ".a", "-a", "a/b", "a b", "é", "a".repeat(129), "a\0"]) {
      await assert.rejects(consumers.create(name, START), has("CONSUMER_INVALID"), name);
      await assert.rejects(consumers.acknowledge(name, 1), has("CONSUMER_UNKNOWN"));
      await assert.rejects(consumers.delete(name), has("CONSUMER_UNKNOWN"));
      await assert.rejects(read(name).next(), has("CONSUMER_UNKNOWN"));
    }
    await consumers.create("a".repeat(128), START);
  }));

test("acknowledging moves forward only, and never past the end", () =>
  withConsumers(async ({ consumers, clock }) => {
    await consumers.create("c", START);
    clock.time = 2000;
    const { sequence, lag, acknowledgeTime } = await consumers.acknowledge("c", 7);
    assert.deepEqual([sequence, lag, acknowledgeTime], [7, 3, 2000]);
    clock.time = 3000;
    const back = await consumers.acknowledge("c", 3);
    assert.deepEqual([back.sequence, back.acknowledgeTime], [7, 2000]);
    await assert.rejects(consumers.acknowledge("c", 11), has("CURSOR_INVALID"));
    await assert.rejects(consumers.acknowledge("d", 1), has("CONSUMER_UNKNOWN"));
    const acknowledged = [9, 8, 10, 9].map(
      async (to) => (await consumers.acknowledge("c", to)).sequence >= to,
    );
    assert.deepEqual(await Promise.all(acknowledged), [true, true, true, true]);
    assert.equal((await consumers.list({ limit: 1 })).items[0]?.sequence, 10);
  }));

test("many acknowledgements at once take few commits", () =>
  withConsumers(async ({ consumers, metadata, engine }) => {
    await appendMany(metadata, 1000);
    for (const name of ["a", "b", "c"]) await consumers.create(name, START);
    const before = engine.statistics();
    const acknowledged = ["a", "b", "c"].flatMap((name) =>
      Array.from({ length: 1000 }, (_, index) => consumers.acknowledge(name, index + 11)),
    );
    for (const [index, { sequence }] of (await Promise.all(acknowledged)).entries())
      assert.ok(sequence >= (index % 1000) + 11);
    const { commits, batches } = engine.statistics();
    assert.ok(commits - before.commits <= 12, `${commits - before.commits} commits`);
    assert.ok(batches - before.batches <= 6, `${batches - before.batches} batches`);
    assert.deepEqual(
      (await consumers.list({ limit: 9 })).items.map(({ lag }) => lag),
      [0, 0, 0],
    );
  }));

test("an acknowledgement that could not be written is an error, and the next one works", () =>
  withConsumers(async ({ consumers, database }) => {
    await consumers.create("c", START);
    database.isFull = true;
    const both = await Promise.allSettled([consumers.acknowledge("c", 1), consumers.acknowledge("c", 2)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    database.isFull = false;
    assert.equal((await consumers.acknowledge("c", 2)).sequence, 2);
  }));

test("consumers are listed by name, page by page", () =>
  withConsumers(async ({ consumers }) => {
    for (const name of ["b", "a", "c"]) await consumers.create(name, START);
    const first = await consumers.list({ limit: 2 });
    assert.deepEqual([first.items.map(({ name }) => name), first.more], [["a", "b"], true]);
    const second = await consumers.list({ limit: 2, after: "b" });
    assert.deepEqual([second.items.map(({ name }) => name), second.more], [["c"], false]);
  }));

test("a consumer continues behind what it acknowledged, and is connected while it reads", () =>
  withConsumers(async ({ consumers, metadata, read }) => {
    await consumers.create("c", START);
    await consumers.acknowledge("c", 8);
    const reader = read("c");
    assert.deepEqual(await reader.take(3), ["ready 8", "event 9", "event 10"]);
    const isConnected = async () => (await consumers.list({ limit: 1 })).items[0]?.isConnected;
    assert.equal(await isConnected(), true);
    const next = reader.take(1);
    await append(metadata, [eventAt(11)]);
    assert.deepEqual(await next, ["event 11"]);
    reader.leave();
    assert.equal(await reader.next(), undefined);
    assert.equal(await isConnected(), false);
  }));

test("who subscribes as a consumer takes the place of the one before", () =>
  withConsumers(async ({ consumers, read }) => {
    await consumers.create("c", { kind: "now" });
    const first = read("c");
    assert.deepEqual(await first.take(1), ["ready 10"]);
    const waiting = assert.rejects(first.next(), has("CONSUMER_TAKEN"));
    const second = read("c");
    assert.deepEqual(await second.take(1), ["ready 10"]);
    await waiting;
    assert.equal((await consumers.list({ limit: 1 })).items[0]?.isConnected, true);
    const deleted = assert.rejects(second.next(), has("CONSUMER_UNKNOWN"));
    await consumers.delete("c");
    await deleted;
    await assert.rejects(consumers.delete("c"), has("CONSUMER_UNKNOWN"));
    assert.equal((await consumers.create("c", START)).consumer.isConnected, false);
  }));

test("of many who subscribe at once one stays", () =>
  withConsumers(async ({ consumers, read }) => {
    await consumers.create("c", { kind: "now" });
    const readers = Array.from({ length: 10 }, () => read("c"));
    const ends = readers.map(async (reader) => {
      await reader.take(2);
      return "end";
    });
    const outcomes = ends.map((end) => end.catch((error) => error.code));
    const taken = await Promise.all(outcomes.slice(0, 9));
    assert.deepEqual(new Set(taken), new Set(["CONSUMER_TAKEN"]));
    readers.at(-1)?.leave();
    assert.equal(await outcomes.at(-1), "end");
  }));

test("a consumer that retention overtook is told so, and can begin anew with a snapshot", () =>
  withConsumers(async ({ consumers, metadata, read }) => {
    await consumers.create("c", START);
    await metadata.trimEvents(4);
    const { items } = await consumers.list({ limit: 1 });
    assert.deepEqual([items[0]?.isExpired, items[0]?.lag], [true, 6]);
    await assert.rejects(read("c").next(), has("CURSOR_EXPIRED"));
    const anew = read("c", { start: { kind: "snapshot" } });
    assert.deepEqual(await anew.take(2), ["ready 10", "snapshot_end 10"]);
    await assert.rejects(read("c").next(), has("CURSOR_EXPIRED"));
    assert.equal((await consumers.acknowledge("c", 10)).isExpired, false);
    const next = anew.take(1);
    await append(metadata, [eventAt(11)]);
    assert.deepEqual(await next, ["event 11"], "who could not continue took nobody's place");
    anew.leave();
  }));

test("a consumer takes no start of another's choice", () =>
  withConsumers(async ({ consumers, read }) => {
    await consumers.create("c", START);
    for (const start of [
      START,
      { kind: "now" },
      { kind: "after", sequence: 1 },
      { kind: "time", time: 1 },
    ] as const)
      await assert.rejects(read("c", { start }).next(), has("REQUEST_INVALID"));
  }));

test("there are at most so many consumers, however many are made at once, and a deleted one makes room", () =>
  withConsumers(async ({ metadata, events }) => {
    const consumers = new Consumers({ metadata, events, now: () => 1, most: 3 });
    const make = (name: string) => consumers.create(name, START);
    const made = await Promise.allSettled(["a", "b", "c", "d", "e", "f"].map(make));
    assert.equal(made.filter(({ status }) => status === "fulfilled").length, 3);
    const [first] = (await consumers.list({ limit: 10 })).items;
    assert.ok(first);
    assert.equal((await make(first.name)).created, false, "one that exists is found");
    await assert.rejects(make("g"), has("CONSUMER_LIMIT"));
    await consumers.delete(first.name);
    assert.equal((await make("g")).created, true);
    await assert.rejects(make("h"), has("CONSUMER_LIMIT"));
    for (const { name } of (await consumers.list({ limit: 10 })).items) await consumers.delete(name);
    assert.equal((await make("h")).created, true);
  }));

test("a consumer of before they were counted can be deleted", () =>
  withConsumers(async ({ metadata, consumers }) => {
    await metadata.commit({ changes: [put(consumerKey("old"), { sequence: 1, createTime: 1 })] });
    await consumers.delete("old");
    assert.deepEqual((await consumers.list({ limit: 10 })).items, []);
  }));

const ALICE = { id: "user:alice", isAdmin: false };
const BOB = { id: "user:bob", isAdmin: false };
const ROOT = { id: "user:root", isAdmin: true };

test("a consumer belongs to who made it; for others it is not there, but for who administrates", () =>
  withConsumers(async ({ consumers }) => {
    await consumers.create("hers", { kind: "start" }, ALICE);
    await consumers.create("his", { kind: "start" }, BOB);
    await assert.rejects(consumers.acknowledge("hers", 1, BOB), has("CONSUMER_UNKNOWN"));
    await assert.rejects(consumers.delete("hers", BOB), has("CONSUMER_UNKNOWN"));
    await assert.rejects(consumers.create("hers", { kind: "start" }, BOB), has("DENIED"));
    const names = async (caller: typeof ALICE) =>
      (await consumers.list({ limit: 10 }, caller)).items.map(({ name }) => name);
    assert.deepEqual(await names(ALICE), ["hers"]);
    assert.deepEqual(await names(BOB), ["his"]);
    assert.deepEqual(await names(ROOT), ["hers", "his"]);
    assert.equal((await consumers.acknowledge("hers", 1, ALICE)).sequence, 1);
    await consumers.delete("hers", ROOT);
    assert.deepEqual(await names(ALICE), []);
  }));

test("nobody continues as somebody else's consumer", () =>
  withConsumers(async ({ consumers }) => {
    await consumers.create("hers", { kind: "start" }, ALICE);
    const filter = parseEventFilter({});
    const common = { name: "hers", filter, signal: new AbortController().signal, keepaliveMs: 1000 };
    await assert.rejects(consumers.subscribe({ ...common, caller: BOB }).next(), has("CONSUMER_UNKNOWN"));
    const own = consumers.subscribe({ ...common, caller: ALICE });
    assert.equal((await own.next()).value?.kind, "ready");
    await own.return();
  }));

test("a consumer made when nobody was asked is for who administrates only, once somebody is", () =>
  withConsumers(async ({ consumers }) => {
    await consumers.create("old", { kind: "start" });
    await assert.rejects(consumers.acknowledge("old", 1, ALICE), has("CONSUMER_UNKNOWN"));
    assert.equal((await consumers.acknowledge("old", 1, ROOT)).sequence, 1);
    assert.equal((await consumers.acknowledge("old", 2)).sequence, 2);
  }));

test("one caller has no more than a share, however many it asks for at once", () =>
  withConsumers(async ({ metadata, events }) => {
    const consumers = new Consumers({ metadata, events, now: () => 0, mostOfOne: 5 });
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const made = await Promise.allSettled(names.map((name) => consumers.create(name, { kind: "now" }, BOB)));
    assert.equal(made.filter(({ status }) => status === "fulfilled").length, 5);
    assert.equal((await consumers.list({ limit: 100 }, BOB)).items.length, 5);
    await consumers.create("hers", { kind: "now" }, ALICE);
    const [first] = (await consumers.list({ limit: 1 }, BOB)).items;
    await consumers.delete(first?.name ?? "", BOB);
    await consumers.create("again", { kind: "now" }, BOB);
    await assert.rejects(consumers.create("more", { kind: "now" }, BOB), has("CONSUMER_LIMIT"));
  }));
