// The log in a file: what the system takes piece by piece, and what it does not take.
import assert from "node:assert/strict";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { LogStream } from "../../src/telemetry/log-stream.ts";
import { UnwrittenError, wholeWriter } from "../../src/telemetry/whole-writer.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const never = () => assert.fail("nothing is written at once");

/** A file that takes so many bytes at once, and has room for so many in all. */
class TinyFile {
  room: number;
  #taken = Buffer.alloc(0);
  readonly #atOnce: number;

  constructor(room: number, atOnce = room) {
    this.room = room;
    this.#atOnce = atOnce;
  }

  readonly write = wholeWriter(async (bytes) => {
    const count = Math.min(bytes.length, this.room, this.#atOnce);
    if (count === 0) throw new Error("ENOSPC");
    this.room -= count;
    this.#taken = Buffer.concat([this.#taken, bytes.subarray(0, count)]);
    return count;
  });

  get text(): string {
    return this.#taken.toString();
  }
}

/** A log in it, and what it told of lines that were lost. */
function logInto({ write }: Pick<TinyFile, "write">) {
  const told: number[] = [];
  const onLost = (lines: number) => void told.push(lines);
  return { told, log: new LogStream({ isTerminal: false, write, writeNow: never, onLost }) };
}

test("what was taken only in part is written on, also in the middle of a character", async () => {
  const file = new TinyFile(1000, 1);
  await file.write("größer\n");
  assert.equal(file.text, "größer\n");
});

test("what does not fit is told, with how much did", async () => {
  const failure = await new TinyFile(3, 2).write("größer\n").catch((error: unknown) => error);
  assert.ok(failure instanceof UnwrittenError);
  assert.equal(failure.bytesWritten, 3);
  const nothing = wholeWriter(async () => 0);
  await assert.rejects(nothing("a"), UnwrittenError);
});

test("lines that do not fit are counted, and told once there is room again, which ends the broken line", async () => {
  const file = new TinyFile(8);
  const { log, told } = logInto(file);
  log.write("one\n");
  log.write("two\n"); // They go together with the next.
  log.write("three\n");
  log.write("four\n");
  await log.flush();
  assert.deepEqual([log.dropped, told, file.text], [2, [], "one\ntwo\n"]);
  file.room = 3;
  log.write("five\n");
  await log.flush();
  log.write("six\n");
  await log.flush();
  assert.deepEqual([log.dropped, told, file.text], [4, [], "one\ntwo\nfiv"]);
  file.room = 100;
  log.write("seven\n");
  await log.flush();
  assert.deepEqual([log.dropped, told, file.text], [4, [4], "one\ntwo\nfiv\nseven\n"]);
  log.write("eight\n");
  await log.flush();
  assert.deepEqual([told, file.text], [[4], "one\ntwo\nfiv\nseven\neight\n"]);
});

test("a writer that says no more than that it failed has lost the piece", async () => {
  const { log } = logInto({ write: () => Promise.reject(new Error("no")) });
  log.write("one\n");
  log.write("two\n");
  log.write("three\n");
  await log.flush();
  assert.equal(log.dropped, 3);
});

test("on a disk that was full every line is in the file or counted", { skip: whyNoSmallDisk() }, async () => {
  const directory = await makeTemporaryDirectory();
  const disk = await SmallDisk.mount(directory, 2);
  let file: FileHandle | undefined;
  try {
    const path = join(disk.path, "log");
    file = await open(path, "a");
    const handle = file;
    const { log } = logInto({
      write: wholeWriter(async (bytes) => (await handle.write(bytes)).bytesWritten),
    });
    const line = (number: number) => `${String(number).padStart(9, "0")} ${"x".repeat(989)}\n`;
    await disk.fillUp(100_000);
    for (let number = 0; number < 1000; number++) {
      log.writeLater(line(number));
      if (number % 50 === 0) await log.flush();
    }
    await log.flush();
    assert.ok(log.dropped > 800, `${log.dropped}`);
    await disk.empty();
    for (let number = 1000; number < 1010; number++) log.write(line(number));
    await log.flush();
    const lines = (await readFile(path, "utf8")).split("\n").filter((text) => text.length === 999);
    assert.equal(lines.length + log.dropped, 1010);
    assert.deepEqual(
      lines.slice(-10).map((text) => Number(text.slice(0, 9))),
      Array.from({ length: 10 }, (_, index) => 1000 + index),
    );
  } finally {
    await file?.close();
    await removeTemporaryDirectory(directory);
  }
});
