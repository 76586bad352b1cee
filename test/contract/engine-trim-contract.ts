// What every metadata engine promises about removing old events. Called by engine-contract.ts.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Engine } from "../../src/metadata/engine.ts";
import type { OpenedEngine } from "./engine-contract.ts";

export function testTrimming(open: () => Promise<OpenedEngine>): void {
  describe("trimming", () => {
    let opened: OpenedEngine;
    let engine: Engine;

    beforeEach(async () => {
      opened = await open();
      engine = opened.engine;
    });
    afterEach(() => opened.dispose());

    const append = (count: number) =>
      engine.commit({
        changes: [],
        expectations: [],
        events: Array.from({ length: count }, () => Buffer.from("event")),
      });
    const sequences = async (after: number, limit: number) =>
      (await engine.readEvents(after, limit)).map(({ sequence }) => sequence);
    /** The mark is true: nothing up to it is left, and everything behind it is there. */
    const expectTrueMark = async () => {
      const rows = await engine.scan({ from: "e/", to: "e0", limit: 100_000, values: false });
      const kept = rows.map(({ key }) => Number(key.slice(2)));
      const first = engine.trimmedSequence() + 1;
      const length = engine.lastSequence() - engine.trimmedSequence();
      assert.deepEqual(
        kept,
        Array.from({ length }, (_, index) => first + index),
      );
      assert.deepEqual(await sequences(0, 100_000), kept);
    };

    test("nothing is removed before it is asked for", async () => {
      assert.equal(engine.trimmedSequence(), 0);
      await engine.trimEvents(10);
      await append(3);
      await engine.trimEvents(0);
      assert.equal(engine.trimmedSequence(), 0);
      await expectTrueMark();
    });

    test("what is trimmed is gone, and reading begins at the first that is kept", async () => {
      await append(10);
      await engine.trimEvents(4);
      assert.equal(engine.trimmedSequence(), 4);
      assert.equal(engine.lastSequence(), 10);
      assert.deepEqual(await sequences(0, 2), [5, 6]);
      assert.deepEqual(await sequences(4, 2), [5, 6]);
      assert.deepEqual(await sequences(5, 2), [6, 7]);
      await expectTrueMark();
    });

    test("trimming less than before changes nothing, and more than there is removes all", async () => {
      await append(10);
      await engine.trimEvents(6);
      await engine.trimEvents(2);
      assert.equal(engine.trimmedSequence(), 6);
      await engine.trimEvents(Number.POSITIVE_INFINITY);
      assert.equal(engine.trimmedSequence(), 10);
      assert.deepEqual(await sequences(0, 10), []);
    });

    test("sequences go on when everything was trimmed", async () => {
      await append(10);
      await engine.trimEvents(10);
      assert.equal(engine.lastSequence(), 10);
      assert.equal(await append(2), 12);
      assert.deepEqual(await sequences(0, 10), [11, 12]);
      await expectTrueMark();
    });

    test("many events go in chunks, and commits get in between", async () => {
      await append(5000);
      const trimming = engine.trimEvents(5000);
      const marks: number[] = [];
      while (engine.trimmedSequence() < 5000) {
        await append(1);
        marks.push(engine.trimmedSequence());
      }
      await trimming;
      assert.ok(new Set(marks).size >= 3, `the mark was seen only at ${marks.join(" ")}`);
      assert.equal(engine.lastSequence(), 5000 + marks.length);
      await expectTrueMark();
    });

    test("many may trim at once, and what is appended meanwhile stays", async () => {
      await append(2500);
      const trims = [2500, 100, 1700, 2400].map((upTo) => engine.trimEvents(upTo));
      const appends = Array.from({ length: 20 }, () => append(1));
      await Promise.all([...trims, ...appends]);
      assert.equal(engine.trimmedSequence(), 2500);
      assert.equal(engine.lastSequence(), 2520);
      await expectTrueMark();
    });

    test("closing in the middle leaves a true mark, which is known when opened again", async (t) => {
      if (opened.reopen === undefined) return t.skip("this engine keeps nothing when it is closed");
      await append(5000);
      const trimming = assert.rejects(engine.trimEvents(5000), { code: "UNAVAILABLE" });
      while (engine.trimmedSequence() === 0) await append(1);
      engine = await opened.reopen();
      await trimming;
      const trimmed = engine.trimmedSequence();
      assert.ok(trimmed > 0 && trimmed < 5000, `trimmed up to ${trimmed}`);
      await expectTrueMark();
      await engine.trimEvents(5000);
      assert.equal(engine.trimmedSequence(), 5000);
      engine = await opened.reopen();
      assert.equal(engine.trimmedSequence(), 5000);
      await expectTrueMark();
    });

    test("a closed engine does not trim", async () => {
      await append(10);
      await engine.close();
      await assert.rejects(engine.trimEvents(5), { code: "UNAVAILABLE" });
    });
  });
}
