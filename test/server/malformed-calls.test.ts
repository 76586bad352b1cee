// Calls that Connect would answer as our own mistakes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runServer } from "./running-server.ts";

const METHOD = "/stowage.v1.EventService/ListEvents";
const PROTO = { "content-type": "application/proto" };

const MISSPELT = JSON.stringify({ filter: { kind: ["tag_created"] } });

for (const [name, path, request] of [
  ["a POST", METHOD, { method: "POST", headers: { "content-type": "application/json" }, body: MISSPELT }],
  ["a GET", `${METHOD}?connect=v1&encoding=json&message=${encodeURIComponent(MISSPELT)}`, {}],
] as const) {
  test(`a misspelt member in the JSON of ${name} is refused, and named`, async () => {
    await using server = await runServer();
    const answer = await fetch(`${server.url}${path}`, request);
    const text = await answer.text();
    assert.equal(answer.status, 400, text);
    assert.match(text, /"code":"invalid_argument"/);
    assert.match(text, /kind\W.* is unknown/);
    assert.deepEqual(server.reports, []);
  });
}

for (const [name, path, request] of [
  ["bytes that are no message", METHOD, { method: "POST", headers: PROTO, body: new Uint8Array([0xff]) }],
  [
    "bytes that are not compressed as they should be",
    METHOD,
    { method: "POST", headers: { ...PROTO, "content-encoding": "br" }, body: new Uint8Array([10, 1, 0]) },
  ],
  ["a message in a query that is not base64", `${METHOD}?connect=v1&encoding=proto&base64=1&message=*`, {}],
] as const) {
  test(`${name} are the client's mistake: 400, and nothing is reported`, async () => {
    await using server = await runServer();
    const answer = await fetch(`${server.url}${path}`, request);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /"code":"invalid_argument"/);
    assert.deepEqual(server.reports, []);
  });
}
