// What every metadata engine promises (src/metadata/engine.ts). A new engine runs
// this suite; it gets one call of the function below.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  CommitConflict,
  type Engine,
  type EngineChange,
  type EngineCommit,
} from "../../src/metadata/engine.ts";
import { testSnapshots } from "./engine-snapshot-contract.ts";
import { testSums } from "./engine-sums-contract.ts";
import { testTrimming } from "./engine-trim-contract.ts";

export interface OpenedEngine {
  readonly engine: Engine;
  /** Closes the engine and opens it again with what it kept. Absent: it keeps nothing. */
  readonly reopen?: () => Promise<Engine>;
  /** Closes the engine and removes what it left. */
  readonly dispose: () => Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const put = (key: string, value: string): EngineChange => ({ kind: "put", key, value: bytes(value) });
const remove = (key: string): EngineChange => ({ kind: "delete", key });
const add = (key: string, delta: number): EngineChange => ({ kind: "add", key, delta });

function commitOf(commit: Partial<EngineCommit>): EngineCommit {
  return { changes: [], expectations: [], events: [], ...commit };
}

export function testEngine(name: string, open: () => Promise<OpenedEngine>): void {
  describe(`engine contract: ${name}`, () => {
    let opened: OpenedEngine;
    let engine: Engine;

    beforeEach(async () => {
      opened = await open();
      engine = opened.engine;
    });
    afterEach(() => opened.dispose());

    const write = (...changes: EngineChange[]) => engine.commit(commitOf({ changes }));
    const read = async (key: string): Promise<string | undefined> => {
      const value = await engine.get(key);
      return value === undefined ? undefined : Buffer.from(value).toString();
    };
    const keysBetween = async (from: string, to: string, limit = 100, reverse = false) =>
      (await engine.scan({ from, to, limit, reverse })).map(({ key }) => key);

    describe("rows", () => {
      test("a row is there once it is put, and gone once it is deleted", async () => {
        assert.equal(await read("k"), undefined);
        await write(put("k", "one"));
        assert.equal(await read("k"), "one");
        await write(put("k", "two"));
        assert.equal(await read("k"), "two");
        await write(remove("k"));
        assert.equal(await read("k"), undefined);
      });

      test("a value may be empty, or any bytes, or large", async () => {
        const large = Buffer.alloc(5 * 1024 * 1024, 7);
        const odd = Uint8Array.of(0, 255, 128, 10);
        await engine.commit(
          commitOf({
            changes: [
              put("empty", ""),
              { kind: "put", key: "odd", value: odd },
              { kind: "put", key: "large", value: large },
            ],
          }),
        );
        assert.equal(await read("empty"), "");
        assert.deepEqual([...((await engine.get("odd")) ?? [])], [...odd]);
        assert.equal(Buffer.compare((await engine.get("large")) ?? odd, large), 0);
      });

      test("changes of one commit apply in their order", async () => {
        await write(put("k", "one"), remove("k"), put("k", "two"), remove("j"), put("i", "x"), remove("i"));
        assert.deepEqual(await keysBetween("a", "q"), ["k"]);
        assert.equal(await read("k"), "two");
      });

      test("a read sees a commit as soon as it resolved", async () => {
        for (let round = 0; round < 100; round++) {
          const reading = read("k"); // may see either, and must not be remembered for later
          await write(put("k", String(round)));
          assert.equal(await read("k"), String(round));
          await reading;
        }
      });

      test("reads beside many commits never go back in time", async () => {
        let written = 0;
        let done = false;
        const reader = async () => {
          let seen = 0;
          while (!done) {
            const least = written;
            const value = Number((await read("k")) ?? 0);
            assert.ok(value >= least, `read ${value} after ${least} was acknowledged`);
            assert.ok(value >= seen, `read ${value} after ${seen}`);
            seen = value;
            await new Promise(setImmediate);
          }
        };
        const readers = [reader(), reader(), reader()];
        for (let value = 1; value <= 200; value++) {
          await write(put("k", String(value)));
          written = value;
        }
        done = true;
        await Promise.all(readers);
      });
    });

    describe("expectations", () => {
      const expectConflict = (commit: Partial<EngineCommit>, key: string) =>
        assert.rejects(engine.commit(commitOf(commit)), (error) => {
          assert.ok(error instanceof CommitConflict);
          assert.equal(error.key, key);
          return true;
        });

      test("absent holds only while the key is not there", async () => {
        const expectations = [{ kind: "absent", key: "k" }] as const;
        await engine.commit(commitOf({ changes: [put("k", "one")], expectations }));
        await expectConflict({ changes: [put("k", "two")], expectations }, "k");
        assert.equal(await read("k"), "one");
      });

      test("present holds only while the key is there", async () => {
        const expectations = [{ kind: "present", key: "k" }] as const;
        await expectConflict({ changes: [put("j", "x")], expectations }, "k");
        await write(put("k", ""));
        await engine.commit(commitOf({ changes: [put("j", "x")], expectations }));
        assert.equal(await read("j"), "x");
      });

      test("equals holds only for the same bytes", async () => {
        const expecting = (value: string): Partial<EngineCommit> => ({
          changes: [put("k", "new")],
          expectations: [{ kind: "equals", key: "k", value: bytes(value) }],
        });
        await expectConflict(expecting("old"), "k");
        await write(put("k", "old"));
        await expectConflict(expecting("ol"), "k");
        await expectConflict(expecting("older"), "k");
        await engine.commit(commitOf(expecting("old")));
        assert.equal(await read("k"), "new");
      });

      test("a conflict leaves nothing changed", async () => {
        await write(put("a", "1"), add("n", 2));
        await expectConflict(
          {
            changes: [put("a", "2"), put("b", "2"), add("n", 5), remove("a")],
            expectations: [
              { kind: "present", key: "a" },
              { kind: "absent", key: "n" },
            ],
            events: [bytes("never")],
          },
          "n",
        );
        assert.equal(await read("a"), "1");
        assert.equal(await read("b"), undefined);
        assert.equal(await read("n"), "2");
        assert.equal(engine.lastSequence(), 0);
        assert.deepEqual(await engine.readEvents(0, 10), []);
      });

      test("of many that ask for the same absent key at once, exactly one wins", async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 50 }, (_, caller) =>
            engine.commit(
              commitOf({
                changes: [put("k", String(caller)), put(`by/${caller}`, "")],
                expectations: [{ kind: "absent", key: "k" }],
              }),
            ),
          ),
        );
        const winners = outcomes.flatMap(({ status }, caller) => (status === "fulfilled" ? [caller] : []));
        assert.equal(winners.length, 1);
        assert.equal(await read("k"), String(winners[0]));
        assert.deepEqual(await keysBetween("by/", "by0"), [`by/${winners[0]}`]);
      });

      test("a commit may rely on one that is still under way", async () => {
        const first = write(put("k", "one"));
        const second = engine.commit(
          commitOf({
            changes: [put("k", "two")],
            expectations: [{ kind: "equals", key: "k", value: bytes("one") }],
          }),
        );
        const third = engine.commit(
          commitOf({
            changes: [remove("k")],
            expectations: [{ kind: "equals", key: "k", value: bytes("two") }],
          }),
        );
        const fourth = engine.commit(
          commitOf({ changes: [put("k", "four")], expectations: [{ kind: "absent", key: "k" }] }),
        );
        await Promise.all([first, second, third, fourth]);
        assert.equal(await read("k"), "four");
      });
    });

    describe("counters", () => {
      test("a counter counts from 0 and is removed when it is 0 again", async () => {
        await write(add("n", 2));
        assert.equal(await read("n"), "2");
        await write(add("n", 3), add("n", -1));
        assert.equal(await read("n"), "4");
        await write(add("n", -4));
        assert.equal(await read("n"), undefined);
        assert.deepEqual(await keysBetween("n", "o"), []);
      });

      test("all of many additions at once count, and none conflicts", async () => {
        await Promise.all(Array.from({ length: 300 }, (_, index) => write(add("n", (index % 3) + 1))));
        assert.equal(await read("n"), "600");
        await Promise.all(Array.from({ length: 300 }, () => write(add("n", -2))));
        assert.equal(await read("n"), undefined);
      });

      test("a counter does not go below 0, and the commit that asked for it changes nothing", async () => {
        await assert.rejects(write(put("k", "x"), add("n", -1)), /counter "n" would become -1/);
        assert.equal(await read("k"), undefined);
        assert.equal(await read("n"), undefined);
      });
    });

    describe("scans", () => {
      beforeEach(() => write(...["b", "a", "c", "e", "d"].map((key) => put(key, `value of ${key}`))));

      test("entries come in order, from the first key to before the last", async () => {
        assert.deepEqual(await keysBetween("a", "q"), ["a", "b", "c", "d", "e"]);
        assert.deepEqual(await keysBetween("b", "d"), ["b", "c"]);
        assert.deepEqual(await keysBetween("b\0", "d\0"), ["c", "d"]);
        assert.deepEqual(await keysBetween("f", "q"), []);
      });

      test("a scan ends early when its values are large", async () => {
        const value = new Uint8Array(300_000);
        const changes = Array.from(
          { length: 20 },
          (_, n) => ({ kind: "put", key: `large/${n}`, value }) as const,
        );
        await engine.commit({ changes, expectations: [], events: [] });
        const range = { from: "large/", to: "large0", limit: 20 };
        assert.equal((await engine.scan(range)).length, 20);
        assert.equal((await engine.scan({ ...range, maxBytes: 1_000_000 })).length, 4);
      });

      test("the limit cuts the end off, or the start when reversed", async () => {
        assert.deepEqual(await keysBetween("a", "q", 2), ["a", "b"]);
        assert.deepEqual(await keysBetween("a", "e", 2, true), ["d", "c"]);
        assert.deepEqual(await keysBetween("a", "q", 100, true), ["e", "d", "c", "b", "a"]);
      });

      test("values come along, unless only keys are asked for", async () => {
        const [entry] = await engine.scan({ from: "c", to: "d", limit: 9 });
        assert.equal(Buffer.from(entry?.value ?? []).toString(), "value of c");
        const keysOnly = await engine.scan({ from: "c", to: "q", limit: 2, values: false });
        assert.deepEqual(
          keysOnly.map(({ key, value }) => [key, value.length]),
          [
            ["c", 0],
            ["d", 0],
          ],
        );
      });

      test("keys sort by their bytes in UTF-8", async () => {
        // In UTF-16, which text in memory is, the last two would be the other way round.
        const keys = ["q/-", "q/0", "q/A", "q/a", "q/a\x01", "q/aa", "q/é", "q/\uffee", "q/\u{1f4e6}"];
        await write(...keys.toReversed().map((key) => put(key, "")));
        assert.deepEqual(await keysBetween("q/", "q0"), keys);
      });

      test("a scan of many large entries returns all of them", async () => {
        const value = "x".repeat(10_000);
        await write(...Array.from({ length: 300 }, (_, index) => put(`z/${1000 + index}`, value)));
        assert.equal((await keysBetween("z/", "z0", 1000)).length, 300);
      });

      test("a scan sees whole commits, never half of one", async () => {
        const keys = Array.from({ length: 50 }, (_, index) => `z/${100 + index}`);
        let done = false;
        const reader = async () => {
          while (!done) {
            const entries = await engine.scan({ from: "z/", to: "z0", limit: 100 });
            const values = new Set(entries.map(({ value }) => Buffer.from(value).toString()));
            assert.ok(values.size <= 1, `one scan saw ${[...values].join(" and ")}`);
          }
        };
        const readers = [reader(), reader()];
        for (let round = 0; round < 100; round++) await write(...keys.map((key) => put(key, String(round))));
        done = true;
        await Promise.all(readers);
      });
    });

    describe("events", () => {
      const append = (...events: string[]) => engine.commit(commitOf({ events: events.map(bytes) }));
      const log = async (after: number, limit: number) =>
        (await engine.readEvents(after, limit)).map(
          ({ sequence, value }) => `${sequence} ${Buffer.from(value).toString()}`,
        );

      test("events are numbered from 1, in the order of their commits", async () => {
        assert.equal(engine.lastSequence(), 0);
        assert.deepEqual(await log(0, 10), []);
        assert.equal(await append("a", "b"), 2);
        assert.equal(await append("c"), 3);
        assert.equal(engine.lastSequence(), 3);
        assert.deepEqual(await log(0, 10), ["1 a", "2 b", "3 c"]);
      });

      test("reading begins behind the cursor and stops at the limit", async () => {
        await append("a", "b", "c", "d");
        assert.deepEqual(await log(1, 2), ["2 b", "3 c"]);
        assert.deepEqual(await log(3, 10), ["4 d"]);
        assert.deepEqual(await log(4, 10), []);
        assert.deepEqual(await log(99, 10), []);
      });

      test("a commit without events resolves to the last sequence there is", async () => {
        await append("a");
        assert.equal(await write(put("k", "x")), 1);
      });

      test("1000 commits at once, every third in conflict, leave no gap and no duplicate", async () => {
        await write(put("taken", ""));
        const outcomes = await Promise.allSettled(
          Array.from({ length: 1000 }, (_, caller) =>
            engine.commit(
              commitOf({
                changes: [add("n", 1)],
                expectations: caller % 3 === 0 ? [{ kind: "absent", key: "taken" }] : [],
                events: [bytes(`${caller}`), bytes(`${caller}`)],
              }),
            ),
          ),
        );
        const committed = outcomes.flatMap(({ status }, caller) => (status === "fulfilled" ? [caller] : []));
        assert.equal(committed.length, 666);
        assert.equal(await read("n"), "666");
        assert.equal(engine.lastSequence(), 1332);
        const events = await engine.readEvents(0, 2000);
        assert.deepEqual(
          events.map(({ sequence }) => sequence),
          Array.from({ length: 1332 }, (_, index) => index + 1),
        );
        for (const [caller, outcome] of outcomes.entries()) {
          if (outcome.status === "rejected") continue;
          // A commit resolves to the sequence of its own last event.
          const own = events.slice(outcome.value - 2, outcome.value);
          assert.deepEqual(
            own.map(({ value }) => Buffer.from(value).toString()),
            [String(caller), String(caller)],
          );
        }
      });

      test("events can be read as soon as their commit resolved", async () => {
        await Promise.all(
          Array.from({ length: 100 }, async (_, caller) => {
            const sequence = await append(String(caller));
            assert.deepEqual(await log(sequence - 1, 1), [`${sequence} ${caller}`]);
          }),
        );
      });
    });

    testSums(open);
    testTrimming(open);
    testSnapshots(open);

    describe("closing", () => {
      test("close waits for commits that were taken, and then refuses others", async () => {
        const commits = Array.from({ length: 20 }, (_, index) => write(put(`k/${index}`, "x")));
        await engine.close();
        await Promise.all(commits);
        await assert.rejects(write(put("late", "x")), { code: "UNAVAILABLE" });
        await assert.rejects(engine.scan({ from: "a", to: "z", limit: 1 }), { code: "UNAVAILABLE" });
      });
    });
  });
}
