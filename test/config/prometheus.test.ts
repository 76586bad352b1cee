// Metrics, as the configuration asks for them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const debug = (members: string) => file(`http: { debug: { ${members} } }`);

test("metrics are told where it is said, and otherwise at /metrics", () => {
  const pathOf = (members: string) => read({ yaml: debug(members) }).config.debug.metricsPath;
  assert.equal(pathOf("addr: 5001"), undefined);
  assert.equal(pathOf("addr: 5001, prometheus: { enabled: false, path: /m }"), undefined);
  assert.equal(pathOf("addr: 5001, prometheus: { enabled: true }"), "/metrics");
  assert.equal(pathOf("addr: 5001, prometheus: { enabled: true, path: /a/b }"), "/a/b");
});

test("a path of metrics that nobody can ask for has no effect", () => {
  const idle = (members: string) => read({ yaml: debug(members) }).withoutEffect;
  assert.deepEqual(idle("addr: 5001, prometheus: { path: /m }"), ["http.debug.prometheus.path"]);
  assert.deepEqual(idle("prometheus: { enabled: true, path: /m }"), ["http.debug.prometheus.path"]);
  assert.deepEqual(idle("addr: 5001, prometheus: { enabled: true, path: /m }"), []);
});

test("the path is one, and none of the listener's own", () => {
  for (const path of ["metrics", "/", "/debug", "/debug/vars", "/a?b", "/a b"]) {
    const yaml = debug(`addr: 5001, prometheus: { enabled: true, path: "${path}" }`);
    assert.match(complaints({ yaml }).join(), /http\.debug\.prometheus\.path/, path);
  }
  const { config } = read({ yaml: debug("addr: 5001, prometheus: { enabled: true, path: /debugging }") });
  assert.equal(config.debug.metricsPath, "/debugging");
});

test("metrics without a debug listener are warned of", () => {
  const { warnings } = read({ yaml: debug("prometheus: { enabled: true }") });
  assert.deepEqual(warnings, ["http.debug.prometheus.enabled does nothing without http.debug.addr"]);
  assert.deepEqual(read({ yaml: debug("addr: 5001, prometheus: { enabled: true }") }).warnings, []);
});
