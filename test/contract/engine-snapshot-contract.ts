// What every metadata engine promises about snapshots. Called by engine-contract.ts.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Engine, EngineSnapshot } from "../../src/metadata/engine.ts";
import type { OpenedEngine } from "./engine-contract.ts";

const ALL = { from: "k/", to: "k0", limit: 10_000 };

export function testSnapshots(open: () => Promise<OpenedEngine>): void {
  describe("snapshots", () => {
    let opened: OpenedEngine;
    let engine: Engine;

    beforeEach(async () => {
      opened = await open();
      engine = opened.engine;
    });
    afterEach(() => opened.dispose());

    /** Puts a row and announces it, so that the last sequence is the number of rows. */
    const put = (name: string) =>
      engine.commit({
        changes: [{ kind: "put", key: `k/${name}`, value: Buffer.from(name) }],
        expectations: [],
        events: [Buffer.from(name)],
      });
    const keysIn = async (snapshot: EngineSnapshot) => (await snapshot.scan(ALL)).map(({ key }) => key);

    test("a snapshot of an empty engine is empty and stays so", async () => {
      const snapshot = await engine.snapshot();
      await put("a");
      assert.equal(snapshot.lastSequence, 0);
      assert.deepEqual(await keysIn(snapshot), []);
      await snapshot.close();
    });

    test("a snapshot shows what was there, whatever is changed and deleted later", async () => {
      await put("a");
      await put("b");
      const snapshot = await engine.snapshot();
      await put("c");
      await engine.commit({
        changes: [
          { kind: "delete", key: "k/a" },
          { kind: "put", key: "k/b", value: Buffer.from("new") },
        ],
        expectations: [],
        events: [],
      });
      assert.equal(snapshot.lastSequence, 2);
      const entries = await snapshot.scan(ALL);
      assert.deepEqual(
        entries.map(({ key, value }) => `${key} ${Buffer.from(value).toString()}`),
        ["k/a a", "k/b b"],
      );
      assert.deepEqual(
        (await snapshot.scan({ ...ALL, reverse: true, limit: 1, values: false })).map(({ key }) => key),
        ["k/b"],
      );
      await snapshot.close();
    });

    test("single keys too are as they were, many at once, until the snapshot is closed", async () => {
      await put("a");
      await put("b");
      const snapshot = await engine.snapshot();
      const later = [{ kind: "put", key: "k/b", value: Buffer.from("new") }] as const;
      await engine.commit({
        changes: [...later, { kind: "delete", key: "k/a" }],
        expectations: [],
        events: [],
      });
      await put("c");
      const values = await Promise.all(["a", "b", "c", "none"].map((name) => snapshot.get(`k/${name}`)));
      assert.deepEqual(
        values.map((value) => value && Buffer.from(value).toString()),
        ["a", "b", undefined, undefined],
      );
      await snapshot.close();
      await assert.rejects(snapshot.get("k/a"), { code: "UNAVAILABLE" });
    });

    test("beside many commits a snapshot is exactly of its last sequence", async () => {
      let done = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let index = 0; !done; index++) {
          await put(`${writer}/${index}`);
          await new Promise(setImmediate);
        }
      });
      for (let round = 0; round < 40; round++) {
        const acknowledged = engine.lastSequence();
        const snapshot = await engine.snapshot();
        assert.ok(snapshot.lastSequence >= acknowledged);
        assert.ok(snapshot.lastSequence <= engine.lastSequence(), "the snapshot is ahead of the log");
        // Several pages, with commits in between.
        const keys: string[] = [];
        for (let from = ALL.from; ; ) {
          const page = await snapshot.scan({ ...ALL, from, limit: 50 });
          keys.push(...page.map(({ key }) => key));
          if (page.length < 50) break;
          from = `${keys.at(-1)}\0`;
          await new Promise(setImmediate);
        }
        const events = await engine.readEvents(0, snapshot.lastSequence);
        const announced = events.map(({ value }) => `k/${Buffer.from(value).toString()}`);
        assert.deepEqual(new Set(keys), new Set(announced));
        assert.equal(keys.length, snapshot.lastSequence);
        await snapshot.close();
      }
      done = true;
      await Promise.all(writers);
    });

    test("events that are trimmed meanwhile stay in the snapshot", async () => {
      await put("a");
      const snapshot = await engine.snapshot();
      await engine.trimEvents(1);
      assert.equal((await snapshot.scan({ from: "e/", to: "e0", limit: 9 })).length, 1);
      await snapshot.close();
    });

    test("a closed snapshot says so, and closing it again does no harm", async () => {
      await put("a");
      const snapshot = await engine.snapshot();
      await snapshot.close();
      await snapshot.close();
      await assert.rejects(snapshot.scan(ALL), { code: "UNAVAILABLE", message: "the snapshot is closed" });
    });

    test("a snapshot may be closed while it is read", async () => {
      for (let index = 0; index < 20; index++) await put(String(index));
      const snapshot = await engine.snapshot();
      const scans = Array.from({ length: 5 }, () => snapshot.scan(ALL));
      const closing = snapshot.close();
      for (const outcome of await Promise.allSettled(scans)) {
        if (outcome.status === "fulfilled") assert.equal(outcome.value.length, 20);
        else assert.equal(outcome.reason.code, "UNAVAILABLE");
      }
      await closing;
    });

    test("an engine closes with snapshots open and being read, which are lost then", async () => {
      for (let index = 0; index < 20; index++) await put(String(index));
      const snapshots = await Promise.all(Array.from({ length: 5 }, () => engine.snapshot()));
      const scans = snapshots.map((snapshot) => snapshot.scan(ALL));
      await Promise.all([engine.close(), Promise.allSettled(scans)]);
      for (const snapshot of snapshots) {
        await assert.rejects(snapshot.scan(ALL), { code: "UNAVAILABLE", message: /closed or reopened/ });
        await snapshot.close();
      }
      await assert.rejects(engine.snapshot(), { code: "UNAVAILABLE" });
    });
  });
}
