// What the card catalogue promises about reading and trimming the event log, the same
// with the newest events in memory and without. Called by metadata-store-contract.ts.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { LoggedEvent, MetadataStore } from "../../src/metadata/metadata-store.ts";
import type { EventRecord } from "../../src/metadata/records.ts";
import { encodeEvent } from "../../src/metadata/value-form.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import type { OpenedMetadataStore } from "./metadata-store-contract.ts";

const repository = parseRepositoryName("library/alpine");

function eventOf(sequence: number): EventRecord {
  return { id: `event ${sequence}`, time: 1, repository, fact: { kind: "repository_created" } };
}

function logOf(first: number, last: number): LoggedEvent[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    sequence: first + index,
    event: eventOf(first + index),
  }));
}

export function testEventLog(open: () => Promise<OpenedMetadataStore>): void {
  describe("the event log", () => {
    let opened: OpenedMetadataStore;
    let metadata: MetadataStore;

    beforeEach(async () => {
      opened = await open();
      metadata = opened.metadata;
    });
    afterEach(() => opened.dispose());

    /** Appends events up to this one, in commits of one to three. */
    const appendUpTo = async (last: number) => {
      for (let next = metadata.lastSequence() + 1; next <= last; ) {
        const end = Math.min(next + (next % 3), last);
        await metadata.commit({ changes: [], events: logOf(next, end).map(({ event }) => event) });
        next = end + 1;
      }
    };

    test("every part of it reads the same from wherever it comes", async () => {
      await appendUpTo(30);
      const log = logOf(1, 30);
      for (let after = 0; after <= 32; after++) {
        for (const limit of [1, 2, 5, 100]) {
          assert.deepEqual(await metadata.readEvents(after, limit), log.slice(after, after + limit));
        }
      }
    });

    test("what is read at once ends with the event that makes it so many bytes, wherever it comes from", async () => {
      await appendUpTo(30);
      const log = logOf(1, 30);
      const sizes = log.map(({ event }) => encodeEvent(event).length);
      for (let after = 0; after < 30; after += 7) {
        const [first = 0, second = 0] = sizes.slice(after);
        const lengths = [1, first, first + 1, first + second, Number.POSITIVE_INFINITY].map(
          async (maxBytes) => (await metadata.readEvents(after, 100, { maxBytes })).length,
        );
        assert.deepEqual(await Promise.all(lengths), [1, 1, 2, 2, 30 - after]);
        const events = await metadata.readEvents(after, 100, { maxBytes: first + 1 });
        assert.deepEqual(events, log.slice(after, after + 2));
      }
    });

    test("trimmed events are gone, the others stay, and sequences go on", async () => {
      await appendUpTo(12);
      for (const trimmed of [0, 5, 10, 12]) {
        await metadata.trimEvents(trimmed);
        assert.equal(metadata.trimmedSequence(), trimmed);
        assert.equal(metadata.lastSequence(), 12);
        for (const after of [0, 5, 8, 11, 12]) {
          const expected = logOf(Math.max(after, trimmed) + 1, 12).slice(0, 3);
          assert.deepEqual(await metadata.readEvents(after, 3), expected);
        }
      }
      await appendUpTo(14);
      assert.deepEqual(await metadata.readEvents(0, 9), logOf(13, 14));
    });

    test("while many are trimmed, none is shown that is known to be gone", async () => {
      await metadata.commit({ changes: [], events: logOf(1, 3000).map(({ event }) => event) });
      const trimming = metadata.trimEvents(3000);
      while (metadata.trimmedSequence() < 3000) {
        const trimmed = metadata.trimmedSequence();
        const [first] = await metadata.readEvents(0, 1);
        assert.ok(first === undefined || first.sequence > trimmed, `${first?.sequence} after ${trimmed}`);
        await new Promise(setImmediate);
      }
      await trimming;
    });

    test("an event is frozen and is what was written, whatever its caller does with it later", async () => {
      const event = { ...eventOf(1), time: 7, request: undefined, more: undefined };
      const { request: _, ...rest } = event;
      const appended: EventRecord = rest;
      await metadata.commit({ changes: [], events: [appended] });
      rest.time = 8;
      const [logged] = await metadata.readEvents(0, 1);
      assert.deepEqual(logged, { sequence: 1, event: { ...eventOf(1), time: 7 } });
      assert.ok(Object.isFrozen(logged?.event));
      assert.ok(Object.isFrozen(logged?.event.fact));
    });

    test("what the caller does with the array it got changes nothing", async () => {
      await appendUpTo(5);
      for (let round = 0; round < 2; round++) {
        const events = await metadata.readEvents(2, 9);
        assert.deepEqual(events, logOf(3, 5));
        assert.ok(Array.isArray(events));
        events.length = 0;
      }
    });

    test("readers beside commits and trims never see a gap that is not trimmed, nor a wrong event", async () => {
      let done = false;
      const reader = async (start: number) => {
        for (let after = start; !done || after < metadata.lastSequence(); ) {
          const events = await metadata.readEvents(after, 5);
          for (const logged of events) {
            const isNext = logged.sequence === after + 1;
            assert.ok(isNext || logged.sequence <= metadata.trimmedSequence() + 1);
            assert.deepEqual(logged.event.id, `event ${logged.sequence}`);
            after = logged.sequence;
          }
          await new Promise(setImmediate);
        }
      };
      const readers = Array.from({ length: 6 }, (_, index) => reader(index));
      for (let last = 1; last <= 150; last++) {
        await appendUpTo(last);
        if (last % 20 === 0) await metadata.trimEvents(last - 10);
        await new Promise(setImmediate);
      }
      done = true;
      await Promise.all(readers);
    });
  });
}
