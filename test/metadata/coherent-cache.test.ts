// The cache by itself: which reads it keeps and which it must forget.
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { CoherentCache } from "../../src/metadata/coherent-cache.ts";

interface Value {
  readonly text: string;
}

const OLD: Value = { text: "old" };
const NEW: Value = { text: "new" };

describe("the coherent cache", () => {
  let cache: CoherentCache<Value>;
  const loadOld = () => cache.load("k", async () => OLD);

  beforeEach(() => {
    cache = new CoherentCache<Value>({ maxSize: 100, maxEntrySize: 50, sizeOf: ({ text }) => text.length });
  });

  test("a value that was read is kept", async () => {
    assert.equal(await loadOld(), OLD);
    assert.equal(cache.peek("k"), OLD);
  });

  test("all who ask for a value while it is read share one read", async () => {
    const read = Promise.withResolvers<Value>();
    const first = cache.load("k", () => read.promise);
    const second = cache.load("k", () => assert.fail("read twice"));
    read.resolve(OLD);
    assert.deepEqual(await Promise.all([first, second]), [OLD, OLD]);
  });

  test("a failed read is told and not kept", async () => {
    await assert.rejects(
      cache.load("k", () => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(await loadOld(), OLD);
  });

  test("a write takes the value out at once", () => {
    cache.store("k", OLD);
    cache.beginWrite(["k"]);
    assert.equal(cache.peek("k"), undefined);
  });

  test("what a write leaves is there when it has ended, and not before", () => {
    cache.store("k", OLD);
    cache.beginWrite(["k", "l"]);
    cache.store("k", OLD);
    assert.equal(cache.peek("k"), undefined);
    cache.endWriteOf([
      ["k", NEW],
      ["l", NEW],
    ]);
    assert.equal(cache.peek("k"), NEW);
    assert.equal(cache.peek("l"), NEW);
  });

  test("of two writes at a time neither leaves a value, nor what was before", () => {
    cache.store("k", OLD);
    cache.beginWrite(["k"]);
    cache.beginWrite(["k"]);
    cache.endWriteOf([["k", NEW]]);
    assert.equal(cache.peek("k"), undefined);
    cache.endWrite(["k"]);
    assert.equal(cache.peek("k"), undefined);
  });

  test("a write that ended badly leaves nothing", () => {
    cache.store("k", OLD);
    cache.beginWrite(["k"]);
    cache.suspend();
    cache.endWrite(["k"]);
    cache.resume();
    assert.equal(cache.peek("k"), undefined);
  });

  test("what is too large to be kept takes what was before with it", () => {
    cache.store("k", OLD);
    cache.beginWrite(["k"]);
    cache.endWriteOf([["k", { text: "x".repeat(60) }]]);
    assert.equal(cache.peek("k"), undefined);
  });

  for (const [when, begin, end] of [
    ["began before a write and ends after it", 0, 3],
    ["began before a write and ends during it", 0, 2],
    ["begins during a write and ends after it", 1, 3],
    ["begins and ends during a write", 1, 2],
  ] as const) {
    test(`a read that ${when} is not kept`, async () => {
      const read = Promise.withResolvers<Value>();
      let load: Promise<Value | undefined> | undefined;
      for (let step = 0; step <= 3; step++) {
        if (step === begin) load = cache.load("k", () => read.promise);
        if (step === end) read.resolve(OLD);
        if (step === end) await load;
        if (step === 0) cache.beginWrite(["k"]);
        if (step === 2) cache.endWrite(["k"]);
      }
      assert.equal(cache.peek("k"), undefined);
    });
  }

  test("who asks after a write began does not share a read from before it", async () => {
    const before = cache.load("k", async () => OLD);
    cache.beginWrite(["k"]);
    cache.endWrite(["k"]);
    assert.equal(await cache.load("k", async () => NEW), NEW);
    await before;
    assert.equal(cache.peek("k"), NEW);
  });

  test("a key is being written until its last write ended", async () => {
    cache.beginWrite(["k", "j"]);
    cache.beginWrite(["k"]);
    cache.endWrite(["k", "j"]);
    cache.store("k", OLD);
    assert.equal(cache.peek("k"), undefined);
    cache.endWrite(["k"]);
    cache.store("k", NEW);
    assert.equal(cache.peek("k"), NEW);
  });

  test("while suspended nothing new is kept, and what was there is served", async () => {
    cache.store("j", OLD);
    const before = loadOld();
    cache.suspend();
    await before;
    cache.store("i", OLD);
    await cache.load("h", async () => OLD);
    assert.deepEqual(
      ["h", "i", "j", "k"].map((key) => cache.peek(key)),
      [undefined, undefined, OLD, undefined],
    );
    cache.resume();
    await loadOld();
    assert.equal(cache.peek("k"), OLD);
  });

  test("the least recently used go first, and what is too large is not kept", () => {
    const ofSize = (size: number): Value => ({ text: "x".repeat(size) });
    cache.store("a", ofSize(40));
    cache.store("b", ofSize(40));
    cache.peek("a");
    cache.store("c", ofSize(40));
    cache.store("d", ofSize(51));
    assert.deepEqual(
      ["a", "b", "c", "d"].map((key) => cache.peek(key) !== undefined),
      [true, false, true, false],
    );
  });
});
