// The keys in the catalogue: made once, replaced in time, and never shown.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { calculateJwkThumbprint, decodeProtectedHeader } from "jose";
import { Issuer } from "../../src/auth/issuer.ts";
import { principal } from "../../src/auth/principal.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { CONFIG, DAY, HOUR, MINUTE, TokenOffice } from "./token-office.ts";

interface PublishedKey {
  readonly kid: string;
  readonly [member: string]: string;
}

function keysIn(jwks: string): readonly PublishedKey[] {
  return JSON.parse(jwks).keys;
}

const idsIn = (jwks: string) => keysIn(jwks).map(({ kid }) => kid);

test("what is published is a public P-256 key named by its thumbprint, and nothing else", async () => {
  await using office = await TokenOffice.open();
  const [key, ...others] = keysIn(await office.keys().jwks());
  assert.ok(key !== undefined);
  assert.deepEqual(others, []);
  const { kid, x, y, ...rest } = key;
  assert.deepEqual(rest, { kty: "EC", crv: "P-256", alg: "ES256", use: "sig" });
  assert.equal(kid, await calculateJwkThumbprint({ kty: "EC", crv: "P-256", x: String(x), y: String(y) }));
});

test("nothing is written before a key is needed", async () => {
  await using office = await TokenOffice.open();
  await office.issuer();
  assert.deepEqual(await office.rows(), []);
});

test("of many who need the first key at once, in two processes, one makes it", async () => {
  await using office = await TokenOffice.open();
  const other = new Catalogue(office.engine); // a second one over the same rows, with its own memory
  const makers = [office.keys(), office.keys(other)];
  const published = await Promise.all(
    Array.from({ length: 20 }, (_, index) => makers[index % 2]?.jwks() ?? ""),
  );
  assert.deepEqual([...new Set(published)].length, 1);
  assert.equal(idsIn(published[0] ?? "").length, 1);
  assert.deepEqual(office.reports, ["a key for tokens was made"]);
});

test("a new key is published before it signs, and the old one stays until its tokens have expired", async () => {
  await using office = await TokenOffice.open();
  const keys = office.keys();
  const start = office.clock.time;
  const signer = async () => decodeProtectedHeader(await keys.sign({})).kid;
  const first = await signer();
  office.clock.time = start + 30 * DAY - HOUR - 1;
  assert.deepEqual(idsIn(await keys.jwks()), [first]);
  office.clock.time += 1;
  const [, second] = idsIn(await keys.jwks());
  assert.ok(second !== undefined && second !== first);
  assert.equal(await signer(), first);
  office.clock.time = start + 30 * DAY;
  assert.equal(await signer(), second);
  assert.deepEqual(idsIn(await keys.jwks()), [first, second]);
  office.clock.time += CONFIG.lifetimeMs + MINUTE; // the leeway of who checks tokens
  assert.ok((await keys.find(first ?? "")) !== undefined);
  office.clock.time += 4 * MINUTE;
  assert.equal(await keys.find(first ?? ""), undefined);
  assert.deepEqual(idsIn(await keys.jwks()), [second]);
  assert.ok((await office.rows()).every(({ text }) => !text.includes(first ?? "")));
});

test("tokens of before a change of keys are good after it, until they expire", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  await issuer.jwks();
  office.clock.time += 30 * DAY - HOUR;
  await issuer.jwks();
  office.clock.time += HOUR - 1000;
  const { token } = await issuer.issue({ principal: principal("user", "alice"), access: [] });
  office.clock.time += 4 * MINUTE;
  const after = await issuer.issue({ principal: principal("user", "alice"), access: [] });
  assert.notEqual(decodeProtectedHeader(token).kid, decodeProtectedHeader(after.token).kid);
  assert.equal((await issuer.check(token))?.id, "user:alice");
  assert.equal((await issuer.check(after.token))?.id, "user:alice");
});

test("a process that is killed right after it published a key finds it again, and so its tokens", async () => {
  const directory = await makeTemporaryDirectory();
  try {
    const [token = "", jwks = ""] = await runAndKill(directory);
    const metadata = new Catalogue(await LevelEngine.open(directory));
    try {
      const report = () => assert.fail("a second key was made");
      const common = { metadata, now: Date.now, newId: () => "1", report };
      const issuer = await Issuer.open({ config: CONFIG, ...common });
      assert.equal((await issuer.check(token))?.id, "user:alice");
      assert.equal(await issuer.jwks(), jwks);
    } finally {
      await metadata.close();
    }
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

/** The two lines it prints. */
async function runAndKill(directory: string): Promise<readonly string[]> {
  const path = fileURLToPath(new URL("issuing-program.ts", import.meta.url));
  const child = spawn(process.execPath, [path, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === 2) child.kill("SIGKILL");
  }
  await ended;
  assert.equal(child.signalCode, "SIGKILL");
  return lines;
}
