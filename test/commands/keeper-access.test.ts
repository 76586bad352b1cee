// Who may keep a registry's house.
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { ALICE, BOB, writeHtpasswd } from "../support/accounts.ts";
import type { Login } from "../support/registry-clients.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { KeeperBench } from "./keeper-bench.ts";

const POLICY = [
  { who: "user:alice", allow: "admin" },
  { repositories: "team/**", who: "user:bob", allow: "pull" },
];

const as = ({ user, password }: Login) => ({
  environment: { STOWAGE_USER: user, STOWAGE_PASSWORD: password },
});

suite("with an auth section", () => {
  const open = async () => {
    const directory = await makeTemporaryDirectory();
    const bench = await KeeperBench.open({
      REGISTRY_AUTH_HTPASSWD_REALM: "test",
      REGISTRY_AUTH_HTPASSWD_PATH: await writeHtpasswd(directory, [ALICE, BOB]),
      REGISTRY_AUTH_POLICY: JSON.stringify(POLICY),
    });
    const end = async () => {
      await bench[Symbol.asyncDispose]();
      await removeTemporaryDirectory(directory);
    };
    return { bench, [Symbol.asyncDispose]: end };
  };

  test("who may administrate may, everybody else hears why not and where to look", async () => {
    await using opened = await open();
    const { bench } = opened;
    const commands: readonly (readonly string[])[] = [
      ["gc"],
      ["gc", "status"],
      ["retention", "simulate"],
      ["retention", "apply", "--yes"],
      ["scrub"],
      ["fsck"],
      ["uploads", "list"],
      ["uploads", "abort", "--idle", "1h"],
      ["usage"],
      ["usage", "team/"],
      ["trash", "list"],
      ["trash", "purge", "--all", "--yes"],
      ["snapshot", "-"],
    ];
    for (const command of commands) {
      assert.equal((await bench.run(command, as(ALICE))).code, 0, command.join(" "));
      const { code, stdout, stderr } = await bench.run(command, as(BOB));
      assert.deepEqual([code, stdout], [1, ""], command.join(" "));
      assert.match(stderr, /^ {2}stowage auth explain user:bob admin {3}tells the rule$/m);
      const nobody = await bench.run(command);
      assert.match(nobody.stderr, /authentication required; set \$STOWAGE_TOKEN or --token-file/);
    }
  });

  test("within a repository its own rules count", async () => {
    await using opened = await open();
    const { bench } = opened;
    const mine = await bench.run(["trash", "list", "team/app"], as(BOB));
    assert.deepEqual([mine.code, mine.stdout], [0, "The trash of team/app is empty.\n"]);
    const theirs = await bench.run(["trash", "list", "other/app"], as(BOB));
    assert.equal(theirs.code, 1);
    const digest = `sha256:${"0".repeat(64)}`;
    const change = await bench.run(["trash", "restore", `team/app@${digest}`], as(BOB));
    assert.match(change.stderr, /stowage auth explain user:bob push team\/app {3}tells the rule/);
  });

  test("a backup for who may administrate has the keys in it, unless it is not to", async () => {
    await using opened = await open();
    const { bench } = opened;
    const file = join(bench.folder, "a");
    const whole = await bench.run(["snapshot", file], as(ALICE));
    assert.match(whole.stdout, /It holds keys that sign tokens/);
    const less = await bench.run(["snapshot", file, "--force", "--without-secrets"], as(ALICE));
    assert.match(less.stdout, /are not in it, as asked for/);
  });

  test("offline nobody is asked: the files are enough", async () => {
    await using opened = await open();
    const { bench } = opened;
    await bench.stop();
    assert.equal(await bench.print("fsck"), "Nothing is wrong.\n");
  });
});
