// Readers of the log while a batch is written but not yet answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLog } from "../../src/core/events.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { append, appendMany, EVERYTHING, eventAt, Reader } from "./log.ts";
import { SlowDatabase } from "./slow-database.ts";
import { has } from "./study.ts";

interface Setting {
  readonly database: SlowDatabase;
  readonly metadata: Catalogue;
  readonly log: EventLog;
}

/** Ten events, of which none is in memory. */
async function withSlowLog(run: (setting: Setting) => Promise<void>): Promise<void> {
  const database = new SlowDatabase();
  const metadata = new Catalogue(await LevelEngine.over(database), { tailEvents: 0 });
  try {
    await appendMany(metadata, 10);
    await run({ database, metadata, log: new EventLog(metadata) });
  } finally {
    database.release();
    await metadata.close();
  }
}

test("who reads events just as they are removed is told so, and loses none silently", () =>
  withSlowLog(async ({ database, metadata, log }) => {
    const reader = new Reader(log, { start: { kind: "after", sequence: 2 } });
    assert.deepEqual(await reader.take(1), ["ready 2"]);
    const { written } = database.hold();
    const trimmed = metadata.trimEvents(5);
    await written;
    assert.equal(metadata.trimmedSequence(), 0);
    await assert.rejects(reader.next(), (error) => {
      assert.ok(error instanceof Error && "metadata" in error);
      assert.deepEqual(error.metadata, { cursor: "2", oldest: "5" });
      return true;
    });
    const list = log.list({
      start: { kind: "after", sequence: 4 },
      filter: EVERYTHING,
      limit: 9,
      withReferences: false,
    });
    await assert.rejects(list, has("CURSOR_EXPIRED"));
    database.release();
    await trimmed;
  }));

test("an event is delivered once its commit is answered, and not before", () =>
  withSlowLog(async ({ database, metadata, log }) => {
    const reader = new Reader(log);
    assert.deepEqual(await reader.take(1), ["ready 10"]);
    let isDelivered = false;
    const next = reader.take(1).finally(() => {
      isDelivered = true;
    });
    const { written } = database.hold();
    const committed = append(metadata, [eventAt(11)]);
    await written;
    assert.deepEqual(await log.read(10, 9), []);
    assert.equal(isDelivered, false);
    database.release();
    await committed;
    assert.deepEqual(await next, ["event 11"]);
    reader.leave();
  }));
