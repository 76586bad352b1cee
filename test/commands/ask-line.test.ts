import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { askLine } from "../../src/commands/ask-line.ts";

function asking() {
  const terminal = new PassThrough();
  const output = new PassThrough();
  return { terminal, output, answer: askLine({ terminal, output, question: "Sure? " }) };
}

test("the question is asked, and what is typed is the answer", async () => {
  const { terminal, output, answer } = asking();
  terminal.write("yes\nand more\n");
  assert.equal(await answer, "yes");
  assert.equal(String(output.read()), "Sure? ");
});

test("where nothing comes any more there is no answer", async () => {
  const { terminal, answer } = asking();
  terminal.end();
  assert.equal(await answer, undefined);
});
