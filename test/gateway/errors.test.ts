// Errors on their way from the registry to the client: code by code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { HTTP_STATUS, Refusal, refusalOf } from "../../gateway/errors.ts";
import { ERROR_MESSAGES, isErrorCode, RegistryError } from "../../src/oci/errors.ts";
import { toConnectError } from "../../src/rpc/errors.ts";

for (const code of Object.keys(ERROR_MESSAGES).filter(isErrorCode)) {
  test(`${code} arrives with its status, message and facts`, () => {
    const error = new RegistryError(code, { repository: "a/b" }, { message: "what happened" });
    const { status, problems } = refusalOf(toConnectError(error));
    assert.equal(status, HTTP_STATUS[code]);
    assert.deepEqual(problems, [{ code, message: "what happened", detail: { repository: "a/b" } }]);
  });
}

test("a problem without facts has no detail", () => {
  assert.deepEqual(refusalOf(toConnectError(new RegistryError("DENIED"))).problems, [
    { code: "DENIED", message: ERROR_MESSAGES.DENIED },
  ]);
});

test("all problems of a request arrive, in their order, each with its own message", () => {
  const code = "MANIFEST_BLOB_UNKNOWN";
  const error = RegistryError.of([
    { code, message: "one", metadata: { digest: "1" } },
    { code, message: "two", metadata: { digest: "2" } },
  ]);
  assert.deepEqual(refusalOf(toConnectError(error)).problems, [
    { code, message: "one", detail: { digest: "1" } },
    { code, message: "two", detail: { digest: "2" } },
  ]);
});

test("an image of 128 blobs, all missing, is told of each; over gRPC of as many as fit into a header", () => {
  const problems = Array.from({ length: 128 }, (_, index) => ({
    code: "MANIFEST_BLOB_UNKNOWN" as const,
    message: `blob ${index}`,
    metadata: {},
  }));
  const [first, ...others] = problems;
  assert.ok(first !== undefined);
  const error = RegistryError.of([first, ...others]);
  assert.equal(refusalOf(toConnectError(error, "in-process")).problems.length, 128);
  assert.equal(refusalOf(toConnectError(error, "connect")).problems.length, 128);
  assert.equal(refusalOf(toConnectError(error, "grpc")).problems.length, 100);
});

test("a manifest that is too large is 413", () => {
  assert.equal(refusalOf(toConnectError(new RegistryError("MANIFEST_INVALID", { limit: "1" }))).status, 413);
});

test("who shall come again is told when", () => {
  assert.equal(refusalOf(new RegistryError("TOOMANYREQUESTS")).headers["Retry-After"], "1");
  assert.equal(refusalOf(new RegistryError("UNAVAILABLE")).headers["Retry-After"], "5");
});

for (const [told, sent] of [
  ["7", "7"],
  ["0.2", "1"],
  ["0", "1"],
  ["-1", "1"],
  ["soon", "1"],
  ["Infinity", "1"],
] as const)
  test(`too many requests: retry_after "${told}" becomes Retry-After ${sent}, and no detail`, () => {
    const error = new RegistryError("TOOMANYREQUESTS", { retry_after: told, limit: "5" });
    const { headers, problems } = refusalOf(toConnectError(error));
    assert.deepEqual(headers, { "Retry-After": sent });
    assert.deepEqual(problems[0]?.detail, { limit: "5" });
  });

test("a challenge becomes WWW-Authenticate, and no detail", () => {
  const error = new RegistryError("UNAUTHORIZED", {
    challenge: 'Basic realm="r"',
    scope: "registry:catalog:*",
  });
  for (const thrown of [error, toConnectError(error)]) {
    const { status, headers, problems } = refusalOf(thrown);
    assert.equal(status, 401);
    assert.deepEqual(headers, { "WWW-Authenticate": 'Basic realm="r"' });
    assert.deepEqual(problems[0]?.detail, { scope: "registry:catalog:*" });
  }
});

test("a challenge that is no header is not sent, nor is one of another error", () => {
  for (const challenge of ["Basic\r\nSet-Cookie: a=b", "", 'Basic realm="\u{1f600}"'])
    assert.deepEqual(refusalOf(new RegistryError("UNAUTHORIZED", { challenge })).headers, {});
  assert.deepEqual(refusalOf(new RegistryError("DENIED", { challenge: "Basic" })).headers, {});
});

for (const code of [Code.Unavailable, Code.DeadlineExceeded, Code.Aborted])
  test(`a registry that cannot be reached (${Code[code]}) is 503`, () => {
    const { status, problems } = refusalOf(new ConnectError("connect ECONNREFUSED 10.0.0.1", code));
    assert.equal(status, 503);
    assert.deepEqual(problems, [{ code: "UNAVAILABLE", message: ERROR_MESSAGES.UNAVAILABLE }]);
  });

test("what nobody foresaw is 500 and tells nothing", () => {
  for (const error of [new Error("secret"), new ConnectError("secret", Code.Internal), "secret", undefined]) {
    const { status, problems } = refusalOf(error);
    assert.equal(status, 500);
    assert.deepEqual(problems, [{ code: "UNKNOWN", message: "internal error" }]);
  }
});

test("a refusal keeps its problems when it gets more headers", () => {
  const refusal = new Refusal({
    status: 418,
    problems: [{ code: "DENIED", message: "no" }],
    headers: { A: "1" },
  });
  const more = refusal.with({ B: "2" });
  assert.equal(more.status, 418);
  assert.deepEqual(more.headers, { A: "1", B: "2" });
  assert.deepEqual(more.problems, refusal.problems);
});
