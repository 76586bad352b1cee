// What docs/garbage.md says of retention, uploads and only reading: its scripts are run as they stand against a registry
// with its configurations.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { parse, stringify } from "yaml";
import { eventually } from "../support/eventually.ts";
import { lacking } from "../support/required-tools.ts";
import { GarbageBench, manifestPath } from "./garbage-bench.ts";
import { Page } from "./page.ts";
import { showsWhat } from "./sample.ts";

const page = await Page.read("garbage.md");

suite("docs/garbage.md, retention and uploads", { skip: lacking("bash") }, () => {
  let bench: GarbageBench;
  before(async () => {
    bench = await GarbageBench.open(page, "retention.yml");
  });
  after(() => bench[Symbol.asyncDispose]());

  const push = async (tag: string, day: number) => {
    await bench.setDay(day);
    return bench.push("team/app", tag, { base: 2048, [tag]: 200 });
  };

  test("without storage.delete.enabled DELETE is 405 UNSUPPORTED", async () => {
    const pushed = await push("v1.0", 0);
    const { status, body } = await bench.call("DELETE", manifestPath("team/app", pushed));
    assert.deepEqual([status, body.includes("UNSUPPORTED")], [405, true]);
  });

  test("retention.sh decides what the page shows, and apply does that", async () => {
    await bench.restart();
    for (const tag of ["latest", "used", "unused", "pr-1"]) await push(tag, 0);
    for (const [tag, day] of Object.entries({ "pr-2": 128, "pr-3": 129, "pr-4": 130, "pr-5": 131 }))
      await push(tag, day);
    const untagged = await bench.push("team/app", "old", { base: 2048 });
    await bench.push("team/app", "old", { base: 2048, old: 10 });
    assert.equal(await bench.status("GET", "/v2/team/app/manifests/used"), 200);
    await bench.setDay(140);
    await eventually("the pull is counted", async () =>
      /used .* pulled 9 days ago/.test(await bench.print("retention", "simulate")) ? true : undefined,
    );
    await bench.write("rules.yaml", stringify(parse(page.named("retention.yml")).retention));
    showsWhat(await bench.run("retention.sh"), page.named("retention.txt"));
    const { tags } = JSON.parse((await bench.call("GET", "/v2/team/app/tags/list")).body.toString());
    assert.deepEqual(tags, ["latest", "old", "pr-2", "pr-3", "pr-4", "pr-5", "used", "v1.0"]);
    assert.equal(await bench.digest("team/app", untagged.digest), untagged.digest, "not 30 days untagged");
    await bench.setDay(162);
    assert.match(
      await bench.print("retention", "apply", "--yes"),
      new RegExp(`DELETE +- +${untagged.digest}`),
    );
  });

  test("uploads.sh ends idle uploads; by themselves they end a week after their last byte", async () => {
    await bench.stop();
    await bench.configure("uploads.yml");
    await bench.start();
    const idle = await bench.beginUpload("team/app");
    await bench.setDay(164);
    const fresh = await bench.beginUpload("team/app");
    const [one, other] = [idle, fresh].map((path) => path.split("/").at(-1));
    assert.match(await bench.run("uploads.sh"), new RegExp(`${one}.*${other}.*${one}`, "s"));
    assert.deepEqual([await bench.status("GET", idle), await bench.status("GET", fresh)], [404, 204]);
    await bench.setDay(170);
    await bench.restart();
    assert.equal(await bench.status("GET", fresh), 204);
    await bench.setDay(171.1);
    await bench.restart();
    await eventually("the upload ended", async () =>
      (await bench.status("GET", fresh)) === 404 ? true : undefined,
    );
  });

  test("readonly.yml refuses with 405 UNSUPPORTED whatever changes content, and serves the rest", async () => {
    await bench.stop();
    await bench.configure("readonly.yml");
    await bench.start();
    for (const [method, path] of [
      ["POST", "/v2/team/app/blobs/uploads/"],
      ["DELETE", "/v2/team/app/manifests/v1.0"],
    ] as const) {
      const { status, body } = await bench.call(method, path);
      assert.deepEqual([status, body.includes("UNSUPPORTED")], [405, true]);
    }
    assert.equal(await bench.status("GET", "/v2/team/app/manifests/v1.0"), 200);
    assert.equal(await bench.status("GET", "/v2/team/app/tags/list"), 200);
    assert.match(await bench.print("events", "-n", "1"), /#\d+$/m);
  });
});
