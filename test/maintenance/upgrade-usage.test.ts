// A folder of format 2 comes to say what is used, and what its manifests and tags are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { tagKey } from "../../src/metadata/keys.ts";
import { storedKey, usageBelowKey, usageKey } from "../../src/metadata/usage-keys.ts";
import { findings, rows } from "./checking.ts";
import { APP, DEEP, NEW_ROWS, pullTags, undescribedRows, unpackFixture, upgrade } from "./old-catalogue.ts";
import { pushImage, tagName, withDisk } from "./pushing.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

test("a folder of the last version of format 2 is upgraded, and says what is used", async () =>
  withDisk(
    { deleteEnabled: true },
    async ({ core, context, clock }) => {
      const { metadata } = context;
      clock.time = Date.UTC(2026, 2, 1);
      const before = await rows(metadata);
      assert.ok(!Object.keys(before).some((key) => NEW_ROWS["2"].test(key)));
      assert.equal(await upgrade(context), true);
      const after = await rows(metadata);
      assert.deepEqual(undescribedRows(after, "2"), before);
      assert.deepEqual(await findings(context), []);
      assert.equal(await upgrade(context), false);
      assert.deepEqual(await rows(metadata), after);

      const latest = (await metadata.get(tagKey(APP, tagName("latest")))) ?? assert.fail();
      const members = Object.entries(after).filter(
        ([key, record]) =>
          key.startsWith("m/team\x01app\0") && /"linux.(amd64|arm.v7)"/.test(JSON.stringify(record)),
      );
      assert.deepEqual(latest.platforms, ["linux/amd64", "linux/arm/v7"]);
      assert.equal(members.length, 4, "two images, the index, and where the tag moved");
      assert.ok((latest.totalSize ?? 0) > 3 * latest.size);
      assert.equal(latest.actor, undefined);
      const old = (await metadata.get(tagKey(DEEP, tagName("old")))) ?? assert.fail();
      assert.equal(old.totalSize, old.size + "an old layer".length);

      const app = (await metadata.get(usageKey(APP))) ?? assert.fail();
      const { pushTime, pullTime, ...sums } = app;
      const sizes = new Map<string, number>();
      let logicalBytes = 0;
      for (const [key, record] of Object.entries(after)) {
        const [repository = "", digest = ""] = key.slice(2).split("\0");
        if (repository !== "team\x01app" || !/^[lmM]\//.test(key)) continue;
        const card = record as { size: number; contentSize?: number; manifest?: { size: number } };
        sizes.set(digest, card.manifest?.size ?? card.size);
        if (key.startsWith("m/")) logicalBytes += card.contentSize ?? Number.NaN;
      }
      const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      const counts = { blobs: 12, manifests: 5, trashed: 1, tags: 3, pulls: 3, repositories: 1 };
      assert.deepEqual(sums, { ...counts, bytes, logicalBytes });
      assert.ok((pushTime ?? 0) > Date.UTC(2026, 0, 5) && (pullTime ?? 0) > (pushTime ?? 0));
      for (const [path, manifests] of [
        ["", 9],
        ["team", 7],
        ["team/a", 2],
        ["team/a/b", 2],
      ] as const)
        assert.equal((await metadata.get(usageBelowKey(path)))?.manifests, manifests, path);
      assert.equal(await metadata.get(usageBelowKey("team/a/b/c")), undefined);
      const files = await Array.fromAsync(context.blobs.list());
      const held = files.reduce((sum, { size }) => sum + size, 0);
      assert.deepEqual(await metadata.get(storedKey), { blobs: files.length, bytes: held });

      assert.ok((await pullTags(core, context)) > 20);
      await pushImage(core, APP, "another", { tags: ["latest"] });
      await core.manifests.delete(APP, latest.digest, {});
      clock.time += 30 * DAY_MS;
      for await (const _ of new Collector({ context, rate: 0 }).run());
      assert.deepEqual(await findings(context, { graceMs: 0 }), []);
    },
    await unpackFixture("2"),
  ));
