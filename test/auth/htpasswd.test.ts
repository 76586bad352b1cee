// User names and passwords from an htpasswd file.
import assert from "node:assert/strict";
import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, mock, test } from "node:test";
import bcrypt from "@node-rs/bcrypt";
import { Htpasswd } from "../../src/auth/htpasswd.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

let directory = "";
let path = "";
let reports: Readonly<Record<string, unknown>>[] = [];
let files: Htpasswd[] = [];

const alice = (await bcrypt.hash("wonderland", 5)).replace(/^\$2.\$/, "$2y$$");
const bob = (await bcrypt.hash("builder", 5)).replace(/^\$2.\$/, "$2a$$");

beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  path = join(directory, "htpasswd");
  reports = [];
  files = [];
});

afterEach(async () => {
  mock.restoreAll();
  for (const file of files) file.close();
  await removeTemporaryDirectory(directory);
});

async function open(text?: string): Promise<Htpasswd> {
  if (text !== undefined) await writeFile(path, text);
  const report = (message: string, facts: Readonly<Record<string, unknown>>) =>
    void reports.push({ message, ...facts });
  const file = await Htpasswd.open({ path, report, intervalMs: 20 });
  files.push(file);
  return file;
}

async function replace(text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

const check = (file: Htpasswd, username: string, password: string) => file.check({ username, password });

test("users come in with their passwords, and only with them", async () => {
  const file = await open(`# who may\n\nalice:${alice}\r\n  bob:${bob}  \n`);
  const found = await check(file, "alice", "wonderland");
  const { account, ...rest } = found ?? assert.fail("alice is not known");
  assert.deepEqual(rest, { kind: "user", id: "user:alice", actor: "alice", groups: [] });
  assert.ok(account);
  assert.ok(Object.isFrozen(found));
  assert.equal((await check(file, "bob", "builder"))?.id, "user:bob");
  for (const [username, password] of [
    ["alice", "builder"],
    ["alice", ""],
    ["alice", alice],
    ["Alice", "wonderland"],
    ["", ""],
    ["__proto__", "x"],
    ["# who may", ""],
  ] as const)
    assert.equal(await check(file, username, password), undefined, `${username}:${password}`);
});

test("find knows who can log in", async () => {
  const file = await open(`alice:${alice}\nlegacy:$apr1$abcdefgh$0123456789012345678901\n`);
  assert.equal(file.find("alice"), await check(file, "alice", "wonderland"));
  assert.equal(file.find("legacy"), undefined);
  assert.equal(file.find("nobody"), undefined);
});

test("a missing file is an error, and none is made", async () => {
  await assert.rejects(open(), /htpasswd" cannot be used: ENOENT/);
  assert.deepEqual(await readdir(directory), []);
});

test("wrong lines are named all at once, without what they hold", async () => {
  const lines = [
    `alice:${alice}`,
    "secret-without-colon",
    `:${bob}`,
    `alice:${bob}`,
    "",
    `eve:$2y$31${bob.slice(6)}`,
  ];
  await assert.rejects(open(lines.join("\n")), ({ message }: Error) => {
    assert.match(message, /line 2 has no ":" between user name and hash/);
    assert.match(message, /line 3 has no user name before its ":"/);
    assert.match(message, /line 4 is about user "alice", as is line 1; each needs one line/);
    assert.match(message, /line 6 is about user "eve": the bcrypt cost of the hash is 31; at most 16/);
    assert.doesNotMatch(message, /secret|\$2/);
    return true;
  });
});

test("other hashes than bcrypt match nothing and are reported once with the way out", async () => {
  const clear = "mallory:plaintext";
  const file = await open(`alice:${alice}\nlegacy:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n${clear}\n`);
  assert.equal(await check(file, "mallory", "plaintext"), undefined);
  assert.equal(await check(file, "legacy", "password"), undefined);
  assert.deepEqual(reports, [
    {
      message: "users of the htpasswd file cannot log in: their passwords are not kept as bcrypt hashes",
      path,
      users: "legacy mallory",
      count: 2,
      remedy: `htpasswd -B ${path} legacy`,
    },
  ]);
  await replace(`bob:${bob}\n${clear}\n`);
  await eventually("bob", async () => file.find("bob"));
  assert.equal(reports.length, 1, "who was reported is not reported again");
});

test("a changed file counts without a restart, and a broken one does not", async () => {
  const file = await open(`alice:${alice}\n`);
  let changes = 0;
  file.onChange(() => changes++);
  await replace(`bob:${bob}\n`);
  await eventually("bob", async () => file.find("bob"));
  assert.equal(changes, 1);
  assert.equal(await check(file, "alice", "wonderland"), undefined);
  assert.equal((await check(file, "bob", "builder"))?.id, "user:bob");
  await replace("broken");
  await eventually("the report", async () => reports[0]);
  assert.equal((await check(file, "bob", "builder"))?.id, "user:bob");
});

test("a password that is changed while it is checked is checked again", async () => {
  const file = await open(`alice:${alice}\n`);
  const verify = bcrypt.verify;
  const spy = mock.method(bcrypt, "verify", async (password: string, hash: string) => {
    if (spy.mock.callCount() === 0) {
      await replace(`alice:${bob}\n`);
      const changed = new Promise<void>((resolve) => void file.onChange(resolve));
      await changed;
    }
    return verify(password, hash);
  });
  assert.equal(await check(file, "alice", "wonderland"), undefined);
  assert.deepEqual(
    spy.mock.calls.map(({ arguments: [, hash] }) => hash),
    [alice, bob],
  );
});

test("an unknown user costs one check like the one of a known user", async () => {
  const file = await open(`alice:${alice}\nbob:${bob}\nlegacy:unusable\n`);
  const spy = mock.method(bcrypt, "verify");
  for (const username of ["alice", "nobody", "legacy", ""]) {
    assert.equal(await check(file, username, "wrong"), undefined);
    const [call, ...more] = spy.mock.calls;
    assert.deepEqual(more, [], username);
    assert.match(String(call?.arguments[1]), /^\$2.\$05\$/, username);
    spy.mock.resetCalls();
  }
});

test("a file in which nobody can log in is refused at the start, with the way out", async () => {
  await assert.rejects(
    open("alice:$apr1$x$y\nbob:plain\n"),
    /no hash in it is of bcrypt.*stowage auth hash --bcrypt/,
  );
});
