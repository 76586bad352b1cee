// Users and robots from a file of ours.
import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, mock, test } from "node:test";
import argon2 from "@node-rs/argon2";
import bcrypt from "@node-rs/bcrypt";
import type { Principal } from "../../src/auth/principal.ts";
import { Users } from "../../src/auth/users.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

let directory = "";
let path = "";
let now = 0;
let opened: Users[] = [];

const cheap = { memoryCost: 64, timeCost: 1, parallelism: 1 };
const alice = await argon2.hash("wonderland", cheap);
const ci = await bcrypt.hash("machine", 4);
const END = Date.parse("2027-01-02T00:00:00Z");

const FILE = `
users:
  alice: {password: "${alice}", groups: [dev, ops, dev]}
  gone: {password: "${alice}", disabled: true}
  guest: {password: "${alice}", expires: 2027-01-01}
robots:
  ci: {password: "${ci}", scopes: ["repository:acme/**:pull,push"], groups: [robots]}
`;

beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  path = join(directory, "users.yml");
  now = END - 1;
  opened = [];
});

afterEach(async () => {
  mock.restoreAll();
  for (const users of opened) users.close();
  await removeTemporaryDirectory(directory);
});

async function open(text: string): Promise<Users> {
  await writeFile(path, text);
  const users = await Users.open({ path, report: () => {}, now: () => now, intervalMs: 20 });
  opened.push(users);
  return users;
}

const check = (users: Users, username: string, password: string) => users.check({ username, password });

test("users and robots come in with what the file says of them", async () => {
  const users = await open(FILE);
  assert.deepEqual(withoutMark(await check(users, "alice", "wonderland")), {
    kind: "user",
    id: "user:alice",
    actor: "alice",
    groups: ["dev", "ops"],
  });
  assert.deepEqual(withoutMark(await check(users, "ci", "machine")), {
    kind: "robot",
    id: "robot:ci",
    actor: "robot:ci",
    groups: ["robots"],
    limit: {
      kind: "scoped",
      access: [{ type: "repository", name: "acme/**", actions: ["pull", "push"] }],
    },
  });
  assert.equal((await check(users, "guest", "wonderland"))?.expireTime, END);
  assert.equal(await check(users, "alice", "machine"), undefined);
});

test("a robot logs in by its bare name", async () => {
  const users = await open(FILE);
  assert.equal((await check(users, "ci", "machine"))?.id, "robot:ci");
  for (const id of ["robot:ci", "user:alice", "robot:alice"])
    assert.equal(await check(users, id, id.endsWith("ci") ? "machine" : "wonderland"), undefined, id);
});

test("who is disabled or expired is not let in and not found", async () => {
  const users = await open(FILE);
  assert.equal(await check(users, "gone", "wonderland"), undefined);
  assert.equal(users.find("user", "gone"), undefined);
  assert.equal(users.find("user", "guest")?.id, "user:guest");
  now = END;
  assert.equal(await check(users, "guest", "wonderland"), undefined);
  assert.equal(users.find("user", "guest"), undefined);
});

test("find knows users and robots apart", async () => {
  const users = await open(FILE);
  assert.equal(users.find("user", "alice")?.id, "user:alice");
  assert.equal(users.find("robot", "ci")?.id, "robot:ci");
  for (const [kind, name] of [
    ["user", "ci"],
    ["robot", "alice"],
    ["user", "constructor"],
    ["robot", "robot:ci"],
  ] as const)
    assert.equal(users.find(kind, name), undefined, `${kind} ${name}`);
});

test("the file is read again when it changes", async () => {
  const users = await open(FILE);
  let changes = 0;
  users.onChange(() => changes++);
  await writeFile(`${path}.new`, `users: {eve: {password: "${alice}"}}`);
  await rename(`${path}.new`, path);
  await eventually("eve", async () => users.find("user", "eve"));
  assert.equal(changes, 1);
  assert.equal((await check(users, "eve", "wonderland"))?.id, "user:eve");
  assert.equal(await check(users, "alice", "wonderland"), undefined);
});

test("a wrong file is refused with its place", async () => {
  await assert.rejects(open("users: {alice: {pasword: x}}"), ({ message }: Error) => {
    assert.ok(message.includes(`the file "${path}" cannot be used: the users file has 2 problems`), message);
    assert.ok(
      message.includes(`${path}:1:17: users.alice.pasword: unknown key; did you mean password?`),
      message,
    );
    return true;
  });
});

test("unknown, disabled and expired users cost one check like that of a known user with a wrong password", async () => {
  const users = await open(`
users:
  alice: {password: "${alice}"}
  gone: {password: "${alice}", disabled: true}
  guest: {password: "${alice}", expires: 2020-01-01}
`);
  const spy = mock.method(argon2, "verify");
  for (const username of ["alice", "gone", "guest", "nobody", "robot:nobody", ""])
    for (const password of ["wrong", "wonderland"]) {
      const found = await check(users, username, password);
      assert.equal(found?.id, username === "alice" && password === "wonderland" ? "user:alice" : undefined);
      const [call, ...more] = spy.mock.calls;
      assert.deepEqual(more, [], username);
      assert.match(String(call?.arguments[0]), /^\$argon2id\$v=19\$m=64,t=1,p=1\$/, username);
      spy.mock.resetCalls();
    }
});

function withoutMark(found: Principal | undefined): Partial<Principal> {
  const { account: _mark, ...rest } = found ?? {};
  return rest;
}

test("what the file says of somebody has a mark, which changes with it and with nothing else", async () => {
  const users = await open(FILE);
  const mark = () => users.find("user", "alice")?.account;
  const before = mark();
  assert.ok(before);
  for (const change of [
    (text: string) => text.replace("groups: [dev, ops, dev]", "groups: [dev]"),
    (text: string) => text.replace(`alice: {password: "${alice}"`, `alice: {password: "${ci}"`),
  ]) {
    const other = await open(change(FILE));
    assert.notEqual(other.find("user", "alice")?.account, before);
  }
  const same = await open(FILE.replace("guest:", "visitor:"));
  assert.equal(same.find("user", "alice")?.account, before);
});
