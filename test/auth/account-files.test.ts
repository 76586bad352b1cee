// Two files of accounts: which of them a name belongs to.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import bcrypt from "@node-rs/bcrypt";
import { AccountFiles } from "../../src/auth/account-files.ts";
import { Htpasswd } from "../../src/auth/htpasswd.ts";
import { Users } from "../../src/auth/users.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

test("who is disabled in the users file, or has another password there, does not come in by htpasswd", async () => {
  const directory = await makeTemporaryDirectory();
  const [old, current] = await Promise.all([bcrypt.hash("old", 4), bcrypt.hash("current", 4)]);
  const path = (name: string) => join(directory, name);
  await writeFile(path("htpasswd"), `dave:${old}\nerin:${old}\nfred:${old}\nci:${old}\n`);
  await writeFile(
    path("users.yml"),
    `users:\n  dave: {password: "${current}", disabled: true}\n  erin: {password: "${current}"}\n` +
      `robots:\n  ci: {password: "${current}"}\n`,
  );
  const report = () => undefined;
  const users = await Users.open({ path: path("users.yml"), report, now: Date.now });
  const htpasswd = await Htpasswd.open({ path: path("htpasswd"), report });
  try {
    const files = new AccountFiles({ users, htpasswd });
    const login = async (username: string, password: string) => {
      for (const authority of files.passwords) {
        const found = await authority.check({ username, password });
        if (found !== undefined) return found.id;
      }
      return undefined;
    };
    assert.equal(await login("dave", "old"), undefined);
    assert.equal(files.byId("user:dave"), undefined);
    assert.equal(files.fingerprint("user:dave") === htpasswd.fingerprint("dave"), false);
    assert.equal(await login("erin", "old"), undefined);
    assert.equal(await login("erin", "current"), "user:erin");
    assert.equal(await login("ci", "old"), undefined);
    assert.equal(files.find("user", "ci"), undefined);
    assert.equal(await login("fred", "old"), "user:fred");
    assert.equal(files.byId("user:fred")?.id, "user:fred");
    assert.equal(new AccountFiles({ htpasswd }).byId("user:dave")?.id, "user:dave");
  } finally {
    users.close();
    htpasswd.close();
    await removeTemporaryDirectory(directory);
  }
});
