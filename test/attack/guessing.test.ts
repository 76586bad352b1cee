// Guessing passwords: it becomes slow for who guesses and for nobody else, and tells
// neither by words nor by work which users there are.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import bcrypt from "@node-rs/bcrypt";
import { stringify } from "yaml";
import { Decoys } from "../../src/auth/decoys.ts";
import { hashPassword } from "../../src/auth/password-hash.ts";
import { type PasswordHash, parsePasswordHash } from "../../src/config/password-hash.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import type { Answer } from "../support/http-caller.ts";
import { ACCOUNTS, ask, basic, type Fortress, openFortress, PASSWORD } from "./fortress.ts";

const GUESSER = "127.0.0.66";
const OTHER = "127.0.0.2";

/** More than may be checked or held back for one address at a time. */
const MANY = 24;

interface Siege {
  readonly fortress: Fortress;
  /** The first answer that is refused for being too many. */
  readonly refused: Promise<Answer>;
  /** How many guesses wait for their answer. */
  readonly waiting: () => number;
}

/** Guesses from one address until some are refused; the others are held back until the registry ends. */
function besiege(fortress: Fortress, guess: (index: number) => Promise<Answer>): Siege {
  const refused = Promise.withResolvers<Answer>();
  let waiting = 0;
  for (let index = 0; index < MANY; index += 1) {
    waiting += 1;
    guess(index)
      .then((answer) => {
        waiting -= 1;
        if (answer.status === 429) refused.resolve(answer);
      })
      .catch(() => undefined); // cut off by the end
  }
  return { fortress, refused: refused.promise, waiting: () => waiting };
}

const form = (values: Record<string, string>) => Buffer.from(new URLSearchParams(values).toString());

const FORM = { "content-type": "application/x-www-form-urlencoded" };

const WAYS: Readonly<Record<string, (host: string, index: number) => Promise<Answer>>> = {
  "the Docker API": (host, index) =>
    ask(host, { path: "/v2/", from: GUESSER, authorization: basic("alice", `guess ${index}`) }),
  "the Docker API, with many names": (host, index) =>
    ask(host, { path: "/v2/", from: GUESSER, authorization: basic(`user${index}`, "guess") }),
  "the token endpoint": (host, index) =>
    ask(host, { path: "/auth/token", from: GUESSER, authorization: basic("alice", `guess ${index}`) }),
  "the token endpoint's form": (host, index) =>
    ask(host, {
      method: "POST",
      path: "/auth/token",
      from: GUESSER,
      headers: FORM,
      body: form({
        grant_type: "password",
        username: "alice",
        password: `guess ${index}`,
        service: "stowage",
      }),
    }),
  "access tokens as passwords": (host, index) =>
    ask(host, { path: "/v2/", from: GUESSER, authorization: basic("alice", `stow_${index}`) }),
  "an RPC": (host, index) =>
    ask(host, {
      method: "POST",
      path: "/stowage.v1.AuthService/GetIdentity",
      from: GUESSER,
      headers: { "content-type": "application/json" },
      body: Buffer.from("{}"),
      authorization: basic("alice", `guess ${index}`),
    }),
};

for (const [name, guess] of Object.entries(WAYS))
  test(`guessing by ${name} is slowed down and refused, and nobody else is`, async () => {
    await using fortress = await openFortress();
    const { host } = fortress;
    const known = { path: "/v2/", from: GUESSER, authorization: basic("bob") };
    assert.equal((await ask(host, known)).status, 200);
    const { refused, waiting } = besiege(fortress, (index) => guess(host, index));
    const { headers, body } = await refused;
    assert.match(headers["retry-after"] ?? "", /^[1-9]\d*$/);
    assert.match(body.toString(), /TOOMANYREQUESTS|temporarily_unavailable|resource_exhausted/);
    assert.ok(waiting() > 0, "wrong answers are held back");

    const elsewhere = { path: "/v2/", from: OTHER, authorization: basic("alice") };
    assert.equal(
      (await ask(host, elsewhere)).status,
      200,
      "whose password is guessed logs in from elsewhere",
    );
    assert.equal((await ask(host, { ...elsewhere, authorization: basic("root") })).status, 200);
    assert.equal((await ask(host, known)).status, 200, "who is remembered goes on at the guesser's address");
    assert.equal((await ask(host, { path: "/v2/public/x/tags/list", from: GUESSER })).status, 404);
    assert.ok(waiting() > 0, "all of that before the guesses were answered");
  });

test("by gRPC, who guesses is told the same", async () => {
  await using fortress = await openFortress();
  const client = createClient(ManifestService, createGrpcTransport({ baseUrl: fortress.url }));
  const error = await new Promise<ConnectError>((resolve) => {
    for (let index = 0; index < MANY; index += 1) {
      const headers = { authorization: basic("alice", `guess ${index}`) };
      client.listTags({ repository: "acme/app" }, { headers }).catch((thrown: unknown) => {
        const failure = ConnectError.from(thrown);
        if (failure.code === Code.ResourceExhausted) resolve(failure);
      });
    }
  });
  assert.match(error.metadata.get("retry-after") ?? "", /^[1-9]\d*$/);
});

test("who mistypes now and then is answered at once, and let in after it", async () => {
  await using fortress = await openFortress();
  for (const password of ["one", "two", "three"])
    assert.equal(
      (await ask(fortress.host, { path: "/v2/", authorization: basic("alice", password) })).status,
      401,
    );
  assert.equal((await ask(fortress.host, { path: "/v2/", authorization: basic("alice") })).status, 200);
});

suite("known and unknown users", () => {
  let fortress: Fortress;
  let hashes: readonly string[];
  let addresses = 0;

  before(async () => {
    hashes = [await hashPassword(PASSWORD), bcrypt.hashSync(PASSWORD, 10)];
    const [argon2 = "", other = ""] = hashes;
    const accounts = {
      users: {
        ...ACCOUNTS.users,
        argon2: { password: argon2 },
        bcrypt: { password: other },
        disabled: { password: argon2, disabled: true },
        expired: { password: argon2, expires: "2020-01-01" },
      },
      robots: ACCOUNTS.robots,
    };
    fortress = await openFortress({ accounts: stringify(accounts) });
  });

  after(() => fortress[Symbol.asyncDispose]());

  /** From an address that has not guessed before. */
  async function answerTo(path: string, user: string, password = "guess"): Promise<unknown> {
    addresses += 1;
    const from = `127.0.${1 + (addresses >> 7)}.${1 + (addresses & 127)}`;
    const answer = await ask(fortress.host, { path, from, authorization: basic(user, password) });
    const { date: _now, "x-request-id": _id, ...headers } = answer.headers;
    return { status: answer.status, headers, body: answer.body.toString() };
  }

  for (const path of ["/v2/", "/v2/acme/app/tags/list", "/auth/token?service=stowage"])
    test(`${path} answers all of them alike`, async () => {
      const unknown = await answerTo(path, "mallory");
      assert.ok(typeof unknown === "object" && unknown !== null && "status" in unknown);
      assert.equal(unknown.status, 401);
      for (const user of ["argon2", "bcrypt", "alice", "ci", "robot:ci", "robot:mallory", "", "user:alice"])
        assert.deepEqual(await answerTo(path, user), unknown, user);
      // The right password of who may not come in is no better than a wrong one.
      for (const user of ["disabled", "expired"])
        assert.deepEqual(await answerTo(path, user, PASSWORD), unknown, user);
    });

  test("a form for a token is answered alike, too", async () => {
    const answers = await Promise.all(
      ["mallory", "argon2", "bcrypt", "disabled", "expired"].map(async (username, index) => {
        const password = index > 2 ? PASSWORD : "guess";
        const body = form({ grant_type: "password", username, password, service: "stowage" });
        const from = `127.0.3.${index + 1}`;
        const call = { method: "POST", path: "/auth/token", headers: FORM, body, from };
        const { status, headers, body: told } = await ask(fortress.host, call);
        const { date: _now, "x-request-id": _id, ...others } = headers;
        return { status, others, told: told.toString() };
      }),
    );
    assert.equal(answers[0]?.status, 401);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  });

  test("cost the same work: the hash that stands in for nobody's is one of the file's in kind and cost", () => {
    const decoys = new Decoys(hashes);
    const costs = new Set(hashes.map((text) => costOf(parsePasswordHash(text))));
    const found = new Set(
      Array.from({ length: 200 }, (_, index) => costOf(parsePasswordHash(decoys.for(`nobody${index}`)))),
    );
    assert.deepEqual([...found].sort(), [...costs].sort());
    assert.equal(decoys.for("mallory"), decoys.for("mallory"), "asking twice tells nothing more");
  });

  test("take the times that are told here", async (t) => {
    for (const user of ["argon2", "bcrypt", "disabled", "mallory", "trudy", "eve", "oscar"]) {
      const times: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        const start = performance.now();
        await answerTo("/v2/", user);
        times.push(performance.now() - start);
      }
      t.diagnostic(`${user}: ${times.sort((a, b) => a - b)[3]?.toFixed(1)} ms (median of ${times.length})`);
    }
  });
});

function costOf(hash: PasswordHash | undefined): string {
  assert.ok(hash !== undefined);
  return hash.kind === "bcrypt"
    ? `bcrypt ${hash.cost}`
    : `argon2id ${hash.memoryKib} ${hash.passes} ${hash.lanes} ${hash.saltLength} ${hash.digestLength}`;
}
