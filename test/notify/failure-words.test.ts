// Failures that a test cannot bring about without a network, in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureWords } from "../../src/notify/failure-words.ts";

function systemError(message: string, members: Record<string, string>): Error {
  return Object.assign(new Error(message), members);
}

const UNKNOWN_NAME = systemError("getaddrinfo ENOTFOUND nowhere.invalid", {
  code: "ENOTFOUND",
  syscall: "getaddrinfo",
});
const REFUSED = ["::1", "127.0.0.1"].map((address) =>
  systemError(`connect ECONNREFUSED ${address}:9`, { code: "ECONNREFUSED", syscall: "connect" }),
);
const EXPIRED = systemError("certificate has expired", { code: "CERT_HAS_EXPIRED" });

test("what the system says is passed on", () => {
  assert.equal(failureWords(UNKNOWN_NAME), "getaddrinfo ENOTFOUND nowhere.invalid");
  assert.equal(failureWords(EXPIRED), "TLS: certificate has expired");
});

test("of several addresses each failure is told", () => {
  const error = new AggregateError(REFUSED);
  assert.equal(failureWords(error), "connect ECONNREFUSED ::1:9; connect ECONNREFUSED 127.0.0.1:9");
});

test("what is not known may hold a secret and is not repeated", () => {
  assert.equal(failureWords(new TypeError("bad secret")), "it failed with TypeError");
  assert.equal(
    failureWords(Object.assign(new Error("secret"), { code: "UND_ERR_X" })),
    "it failed with UND_ERR_X",
  );
  assert.equal(failureWords("secret"), "it failed for an unknown reason");
});

test("long words are cut", () => {
  const error = systemError(`connect ${"x".repeat(1000)}`, { code: "EX", syscall: "connect" });
  assert.equal(failureWords(error).length, 301);
});
