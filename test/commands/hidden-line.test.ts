import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { askHidden } from "../../src/commands/hidden-line.ts";

/** A terminal that is typed into; remembers what is written and whether it hid meanwhile. */
class FakeTerminal extends EventEmitter {
  isRaw = false;
  isReading = false;
  readonly shown: string[] = [];

  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }

  setEncoding(): void {}

  resume(): void {
    this.isReading = true;
  }

  pause(): void {
    this.isReading = false;
  }

  readonly write = async (text: string) => {
    this.shown.push(this.isRaw ? text : `shown: ${text}`);
  };
}

async function answers(questions: readonly string[], ...typed: readonly string[]) {
  const terminal = new FakeTerminal();
  const answered = askHidden({ terminal, questions, write: terminal.write });
  for (const text of typed) terminal.emit("data", text);
  const lines = await answered;
  assert.equal(terminal.isRaw, false, "the terminal shows again what is typed");
  assert.equal(terminal.isReading, false);
  assert.equal(terminal.listenerCount("data") + terminal.listenerCount("end"), 0);
  return { lines, shown: terminal.shown };
}

test("what is typed is hidden from the first question on, and never shown", async () => {
  const { lines, shown } = await answers(["One: ", "Two: "], "a", "b\r", "cd", "\r");
  assert.deepEqual(lines, ["ab", "cd"]);
  assert.deepEqual(shown, ["One: ", "\nTwo: ", "\n"]);
});

const KEYS: readonly (readonly [string, readonly string[], readonly string[] | undefined])[] = [
  ["backspace takes one character away", ["a𝄞\u007fc\bd\r"], ["ad"]],
  ["Ctrl-U takes the line away", ["wrong\u0015right\r"], ["right"]],
  ["arrow keys and other keys mean nothing", ["a\u001b[Ab\u001bOPc\u001b[1;5Cd\u0001\r"], ["abcd"]],
  ["lines may end in any way", ["a\r\nb\nc\r"], ["a", "b", "c"]],
  ["Ctrl-D ends a line", ["ab\u0004"], ["ab"]],
  ["Ctrl-D alone gives up", ["\u0004"], undefined],
  ["Ctrl-C gives up", ["ab\u0003"], undefined],
];
for (const [what, typed, expected] of KEYS) {
  test(what, async () => {
    const questions = Array.from({ length: expected?.length ?? 1 }, () => "? ");
    assert.deepEqual((await answers(questions, ...typed)).lines, expected);
  });
}

test("a terminal that goes away gives up", async () => {
  const terminal = new FakeTerminal();
  const answered = askHidden({ terminal, questions: ["? "], write: terminal.write });
  terminal.emit("end");
  assert.equal(await answered, undefined);
  assert.equal(terminal.isRaw, false);
});
