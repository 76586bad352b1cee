import assert from "node:assert/strict";
import { test } from "node:test";
import { safeUrl } from "../../src/notify/safe-url.ts";

const ROWS = [
  ["https://example.com/hook", "https://example.com/hook"],
  ["https://user:secret@example.com:8443/a/b?token=secret#secret", "https://example.com:8443/a/b?…"],
  ["http://secret@[::1]:80/", "http://[::1]/"],
  ["https://example.com/?", "https://example.com/"],
  ["not a url with a secret", "(not a URL)"],
] as const;

for (const [url, shown] of ROWS) {
  test(`${url} is shown as ${shown}`, () => {
    assert.equal(safeUrl(url), shown);
  });
}
