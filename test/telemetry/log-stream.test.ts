import assert from "node:assert/strict";
import { test } from "node:test";
import { LogStream } from "../../src/telemetry/log-stream.ts";

/** Takes a piece only when it is told to. */
class SlowReader {
  readonly pieces: string[] = [];
  #take: (() => void) | undefined;

  readonly write = (text: string): Promise<void> => {
    assert.equal(this.#take, undefined, "one piece at a time");
    this.pieces.push(text);
    return new Promise((resolve) => {
      this.#take = resolve;
    });
  };

  async take(): Promise<void> {
    this.#take?.();
    this.#take = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const never = () => assert.fail("nothing is written at once");

test("lines keep their order, and who writes them waits for nobody", async () => {
  const reader = new SlowReader();
  const stream = new LogStream({ isTerminal: false, write: reader.write, writeNow: never });
  stream.write("one\n");
  stream.write("two\n");
  stream.writeLater("three\n");
  stream.write("four\n");
  assert.deepEqual(reader.pieces, ["one\n"]);
  await reader.take();
  assert.deepEqual(reader.pieces, ["one\n", "two\nthree\nfour\n"]);
  await reader.take();
  await stream.flush();
  assert.equal(stream.dropped, 0);
});

test("a line that may wait goes with the next one that may not, or soon by itself", async () => {
  const pieces: string[] = [];
  const write = async (text: string) => void pieces.push(text);
  const stream = new LogStream({ isTerminal: false, write, writeNow: never });
  stream.writeLater("one\n");
  assert.deepEqual(pieces, []);
  stream.write("two\n");
  assert.deepEqual(pieces, ["one\ntwo\n"]);
  stream.writeLater("three\n");
  while (pieces.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(pieces[1], "three\n");
});

test("what a reader is too slow for is dropped in whole lines, counted, and told when there is room", async () => {
  const reader = new SlowReader();
  const told: number[] = [];
  const onLost = (lines: number) => void told.push(lines);
  const stream = new LogStream({ isTerminal: false, write: reader.write, writeNow: never, onLost });
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 10_000; count++) stream.writeLater(line);
  const kept = 16 + 4096; // a piece that is being taken, and four mebibytes
  assert.equal(stream.dropped, 10_000 - kept);
  assert.deepEqual(told, []);
  await reader.take();
  assert.deepEqual(told, [10_000 - kept]);
  await reader.take();
  assert.equal(reader.pieces.join("").length, kept * 1024);
  stream.write(line);
  assert.equal(stream.dropped, 10_000 - kept);
});

test("at the end what waits is written at once, and further lines too", () => {
  const reader = new SlowReader();
  const last: string[] = [];
  const writeNow = (text: string) => void last.push(text);
  const stream = new LogStream({ isTerminal: false, write: reader.write, writeNow });
  stream.write("one\n");
  stream.write("two\n");
  stream.endNow();
  stream.write("three\n");
  assert.deepEqual(reader.pieces, ["one\n"]);
  assert.deepEqual(last, ["two\n", "three\n"]);
});

test("a reader that never takes anything does not keep the process from ending", async () => {
  const write = () => new Promise<void>(() => undefined);
  const stream = new LogStream({ isTerminal: false, write, writeNow: never });
  stream.write("one\n");
  await stream.flush();
});
