// Hashes of passwords, and what may be asked for by one.
import assert from "node:assert/strict";
import { test } from "node:test";
import bcrypt from "@node-rs/bcrypt";
import { DECOY, Decoys } from "../../src/auth/decoys.ts";
import { hashPassword, isPasswordHash, verifyPassword } from "../../src/auth/password-hash.ts";
import { parsePasswordHash } from "../../src/config/password-hash.ts";

const BCRYPT_TAIL = `$${"a".repeat(21)}u${"b".repeat(31)}`;

const argon2id = (cost: string) => `$argon2id$v=19$${cost}$${"A".repeat(22)}$${"A".repeat(43)}`;

test("a hash made here is argon2id as OWASP wants it, and fits only its password", async () => {
  const hash = await hashPassword("correct horse");
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.ok(isPasswordHash(hash));
  assert.notEqual(await hashPassword("correct horse"), hash);
  assert.equal(await verifyPassword(hash, "correct horse"), true);
  assert.equal(await verifyPassword(hash, "correct horsE"), false);
  assert.equal(await verifyPassword(hash, ""), false);
});

test("bcrypt fits under all its three names", async () => {
  const hash = await bcrypt.hash("geheim", 4);
  for (const version of ["2a", "2b", "2y"]) {
    const named = hash.replace("$2b$", `$${version}$`);
    assert.equal(await verifyPassword(named, "geheim"), true, version);
    assert.equal(await verifyPassword(named, "Geheim"), false, version);
  }
});

test("hashes that others made fit", async () => {
  // Openwall's crypt_blowfish and the reference implementation of Argon2 test themselves with these.
  const cases = [
    ["U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
    ["password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"],
  ] as const;
  for (const [password, hash] of cases) {
    assert.equal(await verifyPassword(hash, password), true, hash);
    assert.equal(await verifyPassword(hash, `${password} `), false, hash);
  }
});

test("bcrypt takes the first 72 bytes of a password and argon2id all", async () => {
  const long = "é".repeat(36);
  const bcrypted = await bcrypt.hash(long, 4);
  assert.equal(await verifyPassword(bcrypted, `${long}more`), true);
  assert.equal(await verifyPassword(bcrypted, long.slice(1)), false);
  const argoned = await hashPassword(long);
  assert.equal(await verifyPassword(argoned, `${long}more`), false);
});

test("a NUL in a password fits nothing, not even where bcrypt would begin again", async () => {
  const hash = await bcrypt.hash("a", 4);
  assert.equal(await bcrypt.verify("a\0a", hash), true, "bcrypt itself begins again");
  assert.equal(await verifyPassword(hash, "a\0a"), false);
  assert.equal(await verifyPassword(hash, "a\0"), false);
});

test("what is no hash is none, and fits nothing", async () => {
  const cases = [
    "",
    "geheim",
    "$2b$10$short",
    `$2x$10${BCRYPT_TAIL}`,
    `$2b$03${BCRYPT_TAIL}`,
    `$2b$10${BCRYPT_TAIL}x`,
    `$2b$10${BCRYPT_TAIL}\n`,
    "$apr1$abcdefgh$0123456789012345678901",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    argon2id("m=19456,t=2,p=1").replace("argon2id", "argon2i"),
    argon2id("m=19456,t=2,p=1").replace("v=19", "v=16"),
    argon2id("m=7,t=2,p=1"),
    argon2id("m=19456,t=0,p=1"),
    argon2id("m=19456,t=2,p=1").slice(0, -2), // a digest that ends within a byte
  ];
  for (const text of cases) {
    assert.equal(isPasswordHash(text), false, text);
    assert.equal(await verifyPassword(text, "geheim"), false, text);
  }
});

test("a hash that asks for too much work is refused without repeating it", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [argon2id("m=4194304,t=1,p=1"), /argon2 memory \(m, in KiB\) of the hash is 4194304; at most 262144/],
    [argon2id("m=19456,t=1000,p=1"), /argon2 passes \(t\) of the hash is 1000; at most 10/],
    [argon2id("m=19456,t=1,p=255"), /argon2 lanes \(p\) of the hash is 255; at most 16/],
    [`$2b$31${BCRYPT_TAIL}`, /bcrypt cost of the hash is 31; at most 16/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parsePasswordHash(text),
      (error: Error) => message.test(error.message) && !error.message.includes("$"),
    );
    assert.equal(isPasswordHash(text), false);
  }
});

test("the strongest hashes that are allowed can be checked", async () => {
  assert.ok(isPasswordHash(`$2b$16${BCRYPT_TAIL}`));
  assert.ok(isPasswordHash(argon2id("m=262144,t=10,p=16")));
  assert.equal(await verifyPassword(argon2id("m=262144,t=1,p=4"), "x"), false);
});

test("decoys are hashes like those of the file, in the same mixture, and the same for the same name", () => {
  const hashes = [
    `$2y$12${BCRYPT_TAIL}`,
    `$2a$12${BCRYPT_TAIL}`,
    `$2b$05${BCRYPT_TAIL}`,
    `$argon2id$v=19$m=65536,t=3,p=4$${"c".repeat(21)}w$${"d".repeat(21)}w`,
  ];
  const decoys = new Decoys(hashes);
  const counts = new Map<string, number>();
  for (let index = 0; index < 4000; index++) {
    const decoy = decoys.for(`user${index}`);
    assert.equal(decoys.for(`user${index}`), decoy);
    counts.set(decoy, (counts.get(decoy) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts.keys()].sort(),
    [
      `$2b$05$${".".repeat(53)}`,
      `$2b$12$${".".repeat(53)}`,
      `$argon2id$v=19$m=65536,t=3,p=4$${"A".repeat(22)}$${"A".repeat(22)}`,
    ].sort(),
  );
  // Half of the hashes cost 12; 4000 draws miss that by 400 as good as never.
  const twelve = counts.get(`$2b$12$${".".repeat(53)}`) ?? 0;
  assert.ok(twelve > 1600 && twelve < 2400, String(twelve));
  for (const decoy of counts.keys()) assert.ok(isPasswordHash(decoy), decoy);
});

test("without hashes to be like, a decoy is like the ones made here", async () => {
  const decoy = new Decoys([]).for("alice");
  assert.equal(decoy, DECOY);
  const cost = (text: string) => ({ ...parsePasswordHash(text), text: "" });
  assert.deepEqual(cost(decoy), cost(await hashPassword("x")));
});
