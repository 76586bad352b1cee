// Turns between those who want work done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FairQueue } from "../../src/auth/fair-queue.ts";
import { RegistryError } from "../../src/oci/errors.ts";

/** A queue whose work ends when it is told to; what was begun, in order, and what came of each. */
class Works {
  readonly begun: string[] = [];
  readonly outcomes = new Map<string, string>();
  readonly #queue: FairQueue;
  readonly #ends: (() => void)[] = [];

  constructor(options: { readonly concurrency: number; readonly maxWaiting: number }) {
    this.#queue = new FairQueue(options);
  }

  async ask(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const work = () => {
        this.begun.push(name);
        return new Promise<void>((resolve) => this.#ends.push(resolve));
      };
      this.#queue.run(name[0] ?? "", work).then(
        () => this.outcomes.set(name, "done"),
        (error) => this.outcomes.set(name, error instanceof RegistryError ? error.code : "failed"),
      );
    }
    await settled();
  }

  async endOne(): Promise<void> {
    this.#ends.shift()?.();
    await settled();
  }

  refused(): readonly string[] {
    return [...this.outcomes].filter(([, outcome]) => outcome === "TOOMANYREQUESTS").map(([name]) => name);
  }
}

/** All that follows without a timer has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("no more is done at a time than allowed, and everybody has a turn before anybody has a second", async () => {
  const works = new Works({ concurrency: 2, maxWaiting: 100 });
  await works.ask("a1", "a2", "a3", "a4", "a5", "b1", "b2", "c1");
  assert.deepEqual(works.begun, ["a1", "a2"]);
  for (let ended = 0; ended < 6; ended++) {
    assert.equal(works.begun.length, 2 + ended);
    await works.endOne();
  }
  assert.deepEqual(works.begun, ["a1", "a2", "a3", "b1", "c1", "a4", "b2", "a5"]);
  await works.endOne();
  await works.endOne();
  assert.equal(works.outcomes.size, 8);
  await works.ask("d1", "d2", "d3");
  assert.deepEqual(works.begun.slice(8), ["d1", "d2"], "the places are free again");
});

test("when too much waits, the longest line loses its last one; who would be as long is refused", async () => {
  const works = new Works({ concurrency: 1, maxWaiting: 4 });
  await works.ask("a0", "a1", "a2", "a3", "a4");
  assert.deepEqual(works.refused(), []);
  await works.ask("a5");
  assert.deepEqual(works.refused(), ["a5"]);
  await works.ask("b1", "b2");
  assert.deepEqual(works.refused(), ["a5", "a4", "a3"]);
  await works.ask("b3", "c1", "d1");
  assert.deepEqual(works.refused(), ["a5", "a4", "a3", "b3", "a2", "b2"]);
  await works.ask("e1");
  assert.deepEqual(works.refused().at(-1), "e1", "all lines are as short as can be");
  for (let ended = 0; ended < 5; ended++) await works.endOne();
  assert.deepEqual(works.begun, ["a0", "a1", "b1", "c1", "d1"]);
});

test("work that fails gives its place back", async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 1 });
  const failing = async () => {
    throw new Error("no");
  };
  const [first, second] = [queue.run("a", failing), queue.run("a", async () => "done")];
  await assert.rejects(first, /no/);
  assert.equal(await second, "done");
  assert.equal(await queue.run("a", async () => "again"), "again");
});
