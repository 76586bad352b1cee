// Signatures, verified by the Standard Webhooks project's own package.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { signatureHeaders } from "../../src/notify/signature.ts";

const BODY = JSON.stringify({ events: [], who: "Zoë 😀" });

function verifier(key: Uint8Array): Webhook {
  return new Webhook(`whsec_${Buffer.from(key).toString("base64")}`);
}

test("a signed message is accepted by a receiver with the key", () => {
  const key = randomBytes(32);
  const headers = signatureHeaders({ id: "msg_1", timeMs: Date.now(), body: BODY, keys: [key] });
  assert.deepEqual(verifier(key).verify(BODY, headers), JSON.parse(BODY));
});

test("each of several keys signs, so that receivers may have the old one or the new one", () => {
  const keys = [randomBytes(24), randomBytes(64)];
  const headers = signatureHeaders({ id: "msg_1", timeMs: Date.now(), body: BODY, keys });
  assert.equal(headers["webhook-signature"]?.split(" ").length, 2);
  for (const key of keys) verifier(key).verify(BODY, headers);
});

test("another key, another body, another id or another time is refused", () => {
  const key = randomBytes(32);
  const headers = signatureHeaders({ id: "msg_1", timeMs: Date.now(), body: BODY, keys: [key] });
  const later = String(Number(headers["webhook-timestamp"]) + 1);
  assert.throws(() => verifier(randomBytes(32)).verify(BODY, headers), /No matching signature/);
  assert.throws(() => verifier(key).verify(`${BODY} `, headers), /No matching signature/);
  assert.throws(() => verifier(key).verify(BODY, { ...headers, "webhook-id": "msg_2" }), /No matching/);
  assert.throws(() => verifier(key).verify(BODY, { ...headers, "webhook-timestamp": later }), /No matching/);
});

test("a known message has a known signature", () => {
  // The example of the Standard Webhooks libraries' own tests.
  const key = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
  const headers = signatureHeaders({
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timeMs: 1_614_265_330_999,
    body: '{"test": 2432232314}',
    keys: [key],
  });
  assert.deepEqual(headers, {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("without a key there is no signature, but an id and a time", () => {
  assert.deepEqual(signatureHeaders({ id: "a", timeMs: 1999, body: BODY, keys: [] }), {
    "webhook-id": "a",
    "webhook-timestamp": "1",
  });
});
