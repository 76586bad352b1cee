// Which deadlines are taken out of a call's headers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dropDistantDeadline } from "../../src/server/distant-deadlines.ts";

for (const [name, value, kept] of [
  ["connect-timeout-ms", "2147483647", true],
  ["connect-timeout-ms", "2147483648", false],
  ["connect-timeout-ms", "x", true],
  ["grpc-timeout", "596H", true],
  ["grpc-timeout", "597H", false],
  ["grpc-timeout", "99999999M", false],
  ["grpc-timeout", "2147484S", false],
  ["grpc-timeout", "99999999m", true],
  ["grpc-timeout", "x", true],
] as const) {
  test(`${name}: ${value} is ${kept ? "kept" : "dropped"}`, () => {
    const headers = new Headers({ [name]: value });
    dropDistantDeadline(headers);
    assert.equal(headers.has(name), kept);
  });
}
