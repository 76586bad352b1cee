// Opaque tokens as text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOfToken, isSecretToken, makeSecretToken } from "../../src/auth/secret-token.ts";

test("a token can be recognised by its prefix and its checksum, and is never the same", () => {
  const tokens = Array.from({ length: 100 }, () => makeSecretToken("stow_"));
  assert.equal(new Set(tokens).size, 100);
  for (const token of tokens) {
    assert.match(token, /^stow_[A-Za-z0-9_-]{49}$/);
    assert.ok(isSecretToken("stow_", token));
    assert.ok(!isSecretToken("stor_", token));
  }
});

test("a typing error anywhere shows", () => {
  const token = makeSecretToken("stow_");
  for (let index = 0; index < token.length; index++) {
    const other = token[index] === "A" ? "B" : "A";
    const wrong = token.slice(0, index) + other + token.slice(index + 1);
    assert.ok(!isSecretToken("stow_", wrong), wrong);
  }
  for (const wrong of ["", "stow_", token.slice(0, -1), `${token}A`, ` ${token}`, `${token}\n`])
    assert.ok(!isSecretToken("stow_", wrong), wrong);
});

test("a hash says nothing of its token but is always the same", () => {
  const token = makeSecretToken("stor_");
  assert.equal(hashOfToken(token), hashOfToken(token));
  assert.match(hashOfToken(token), /^[A-Za-z0-9_-]{43}$/);
});
