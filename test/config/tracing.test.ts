// The tracing section.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaints, read } from "./reading.ts";

const file = (tracing: string) => ({ yaml: `version: 0.1\ntracing:\n${tracing}` });
const tracing = (text: string) => read(file(text)).config.tracing;

describe("the tracing section", () => {
  it("is off without an endpoint, whatever else it says", () => {
    assert.equal(read({}).config.tracing, undefined);
    assert.equal(tracing("  sampling: 1\n  otlp: {headers: {a: b}}"), undefined);
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
      OTEL_TRACES_EXPORTER: "otlp",
    };
    assert.equal(read({ environment }).config.tracing, undefined);
  });

  it("says that what is set without an endpoint has no effect", () => {
    const without = (text: string) => read(file(text)).withoutEffect;
    assert.deepEqual(without("  sampling: 0.5\n  otlp: {headers: {a: b}}"), [
      "tracing.otlp.headers",
      "tracing.sampling",
    ]);
    assert.deepEqual(without("  sampling: 0.5\n  otlp: {endpoint: http://collector:4318}"), []);
    const yaml = "version: 0.1\nhttp: { debug: { profiles: everyone } }";
    assert.deepEqual(read({ yaml }).withoutEffect, ["http.debug.profiles"]);
  });

  it("has defaults for the rest", () => {
    assert.deepEqual(tracing("  otlp: {endpoint: http://collector:4318}"), {
      otlp: { url: "http://collector:4318/v1/traces", headers: {}, timeoutMs: 10_000 },
      sampling: 1,
      rate: 50,
      parentRate: 50,
      serviceName: "stowage",
    });
  });

  it("takes a path as it is, and credentials as a header", () => {
    const { otlp } = tracing("  otlp: {endpoint: 'https://user:word@collector/api/otlp?key=1'}") ?? {};
    const authorization = `Basic ${Buffer.from("user:word").toString("base64")}`;
    assert.deepEqual(otlp, {
      url: "https://collector/api/otlp?key=1",
      headers: { authorization },
      timeoutMs: 10_000,
    });
    const both = tracing("  otlp: {endpoint: 'http://u:w@collector', headers: {Authorization: Bearer x}}");
    assert.deepEqual(both?.otlp.headers, { authorization: "Bearer x" });
  });

  it("proposes the URL where an address stands alone", () => {
    for (const address of ["127.0.0.1:4318", "collector:4318", "[::1]:4318"]) {
      const [complaint = "", ...others] = complaints(file(`  otlp: {endpoint: '${address}'}`));
      assert.ok(complaint.includes(`found "${address}"; write http://${address}/v1/traces`), complaint);
      assert.deepEqual(others, []);
    }
    assert.doesNotMatch(complaints(file("  otlp: {endpoint: 'user:word@collector:4318'}")).join(), /word/);
  });

  it("can be set by variables", () => {
    const environment = {
      REGISTRY_TRACING_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      REGISTRY_TRACING_OTLP_HEADERS_X_API_KEY: "abc",
      REGISTRY_TRACING_SAMPLING: "0.01",
      REGISTRY_TRACING_RATE: "7",
      REGISTRY_TRACING_PARENTS_RATE: "5",
      REGISTRY_TRACING_SERVICENAME: "registry-eu",
    };
    assert.deepEqual(read({ environment }).config.tracing, {
      otlp: { url: "http://127.0.0.1:4318/v1/traces", headers: { "x-api-key": "abc" }, timeoutMs: 10_000 },
      sampling: 0.01,
      rate: 7,
      parentRate: 5,
      serviceName: "registry-eu",
    });
  });

  it("shows no secrets", () => {
    const { effective } = read(
      file("  otlp: {endpoint: 'https://user:word@collector/otlp?key=deep', headers: {x-api-key: abc}}"),
    );
    const shown = JSON.stringify(effective.tracing);
    assert.doesNotMatch(shown, /word|deep|abc/);
    assert.match(shown, /x-api-key/);
  });

  const refused = [
    { text: "  otlp: {endpoint: 'collector:4317'}", says: /tracing\.otlp\.endpoint .*http or https URL/ },
    { text: "  otlp: {endpoint: 'grpc://collector'}", says: /tracing\.otlp\.endpoint/ },
    { text: "  otlp: {headers: {Content-Type: x}}", says: /set by Stowage itself/ },
    { text: "  otlp: {headers: {'a b': x}}", says: /no name of a header/ },
    { text: "  otlp: {timeout: 0s}", says: /tracing\.otlp\.timeout/ },
    { text: "  sampling: 1.5", says: /tracing\.sampling .*from 0 to 1/ },
    { text: "  sampling: some", says: /tracing\.sampling .*from 0 to 1/ },
    { text: "  rate: 0.5", says: /tracing\.rate .*whole number/ },
    { text: "  parents: {rate: -1}", says: /tracing\.parents\.rate/ },
    { text: "  endpoint: http://x", says: /tracing\.endpoint/ },
  ];
  for (const { text, says } of refused)
    it(`refuses ${text.trim()}`, () => assert.match(complaints(file(text)).join("\n"), says));
});
