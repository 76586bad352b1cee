// What every metadata engine promises of sums: all of many at once count, nothing
// grows above its limit, and what is counted as nothing is not there.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { CommitConflict, type Engine, type EngineChange, LimitExceeded } from "../../src/metadata/engine.ts";
import type { OpenedEngine } from "./engine-contract.ts";

const sum = (
  key: string,
  sums: number[],
  { highest = [], limits }: { highest?: number[]; limits?: (number | undefined)[] } = {},
): EngineChange => ({ kind: "sum", key, sums, highest, ...(limits !== undefined && { limits }) });

export function testSums(open: () => Promise<OpenedEngine>): void {
  describe("sums", () => {
    let opened: OpenedEngine;
    let engine: Engine;

    beforeEach(async () => {
      opened = await open();
      engine = opened.engine;
    });
    afterEach(() => opened.dispose());

    const write = (...changes: EngineChange[]) => engine.commit({ changes, expectations: [], events: [] });
    const read = async (key: string, of = engine) => {
      const value = await of.get(key);
      return value === undefined ? undefined : Buffer.from(value).toString();
    };
    const exceeds = (facts: Partial<LimitExceeded>) => (error: unknown) => {
      assert.ok(error instanceof LimitExceeded, String(error));
      const { key, place, limit, used, requested } = error;
      assert.deepEqual({ key, place, limit, used, requested }, facts);
      return true;
    };

    test("sums add up, the highest numbers stay, and the row goes when all its sums are 0", async () => {
      await write(sum("R", [1, 100], { highest: [7, 0] }));
      assert.equal(await read("R"), "1 100;7 0");
      await write(sum("R", [2, -40], { highest: [5, 3] }), sum("R", [0, 1]));
      assert.equal(await read("R"), "3 61;7 3");
      await write(sum("R", [-3, 0]));
      assert.equal(await read("R"), "0 61;7 3");
      await write(sum("R", [0, -61], { highest: [9, 9] }));
      assert.equal(await read("R"), undefined);
      await write(sum("R", [1, 0]));
      assert.equal(await read("R"), "1 0", "it begins anew");
    });

    test("all of many at once count, and none conflicts", async () => {
      const some = Array.from({ length: 300 }, (_, index) => index);
      await Promise.all(some.map((index) => write(sum("R", [1, index], { highest: [index] }))));
      assert.equal(await read("R"), "300 44850;299");
      await Promise.all(some.map((index) => write(sum("R", [-1, -index]))));
      assert.equal(await read("R"), undefined);
    });

    test("what was counted is there after a restart", async (t) => {
      if (opened.reopen === undefined) return t.skip("this engine keeps nothing");
      await write(sum("R", [1, 2], { highest: [3] }));
      engine = await opened.reopen();
      assert.equal(await read("R"), "1 2;3");
      await write(sum("R", [1, 1]));
      assert.equal(await read("R"), "2 3;3");
    });

    test("a sum does not go below 0, and the commit that asked for it changes nothing", async () => {
      await write(sum("R", [5, 5]));
      await assert.rejects(write(sum("S", [1, 1]), sum("R", [1, -6])), /sum 1 of "R" would become -1/);
      assert.equal(await read("R"), "5 5");
      assert.equal(await read("S"), undefined);
    });

    test("a sum grows up to its limit and not above, and the commit that asked for it changes nothing", async () => {
      const limits = [undefined, 10];
      await write(sum("R", [90, 10], { limits }));
      await assert.rejects(
        write(sum("S", [1]), sum("R", [1, 2], { limits })),
        exceeds({ key: "R", place: 1, limit: 10, used: 10, requested: 2 }),
      );
      assert.equal(await read("R"), "90 10");
      assert.equal(await read("S"), undefined);
      await write(sum("R", [1, 0], { limits }));
      assert.equal(await read("R"), "91 10", "what does not grow meets no limit");
    });

    test("what shrinks is not refused, however far above the limit it stays", async () => {
      await write(sum("R", [100]));
      await write(sum("R", [-1], { limits: [10] }));
      assert.equal(await read("R"), "99");
      await assert.rejects(
        write(sum("R", [1], { limits: [10] })),
        exceeds({ key: "R", place: 0, limit: 10, used: 99, requested: 1 }),
      );
    });

    test("of many that grow at once, just as many come through as there is room for", async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, () => write(sum("R", [3], { limits: [100] }), sum("other", [1]))),
      );
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 33);
      assert.equal(await read("R"), "99");
      assert.equal(await read("other"), "33");
    });

    test("whose expectation does not hold is told that, and not of a limit", async () => {
      const commit = engine.commit({
        changes: [sum("R", [2], { limits: [1] })],
        expectations: [{ kind: "present", key: "k" }],
        events: [],
      });
      await assert.rejects(commit, CommitConflict);
    });

    test("a row that holds something else is not counted on", async () => {
      await write({ kind: "put", key: "R", value: Buffer.from('1{"a":1}') });
      await assert.rejects(write(sum("R", [1])), /is no row of sums/);
      await write(sum("S", [1]));
      assert.equal(await read("S"), "1", "and others go on");
    });
  });
}
