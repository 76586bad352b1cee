// What docs/usage.md says: its scripts are run as they stand, and what they print is what the page shows.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { lacking } from "../support/required-tools.ts";
import { GarbageBench, manifestPath, type Pushed } from "./garbage-bench.ts";
import { Page } from "./page.ts";
import { showsWhat } from "./sample.ts";

const page = await Page.read("usage.md");

test("every script of the page is run by a test", async () => {
  const tests = await readFile(new URL(import.meta.url), "utf8");
  for (const { name } of page.inLanguage("sh")) assert.ok(tests.includes(`bench.run("${name}"`), name);
});

suite("docs/usage.md", { skip: lacking("bash", "curl") }, () => {
  let bench: GarbageBench;
  let v1: Pushed;

  before(async () => {
    bench = await GarbageBench.open(page, "usage.yml");
    v1 = await bench.push("team/app", "v1", { base: 2048, one: 310 });
    await bench.push("tools", "latest", { base: 2048 });
    await bench.setDay(3);
    await bench.push("team/app", "v2", { base: 2048, two: 415 });
    for (let pull = 0; pull < 2; pull++)
      await bench.http.expect([200], { method: "GET", path: manifestPath("team/app", v1) });
    await eventually("two pulls", async () =>
      (await bench.print("usage", "team/app")).includes("2 pulls in all") ? true : undefined,
    );
  });
  after(() => bench[Symbol.asyncDispose]());

  test("repositories.sh lists what they hold", async () => {
    const printed = await bench.run("repositories.sh");
    showsWhat(printed, page.named("repositories.txt"));
    const tables = printed.split(/^(?=REPOSITORY)/m).map((table) => table.match(/^(?:team|tools)\S*/gm));
    assert.deepEqual(tables, [["team/app", "tools"], ["team/app"], ["team/app"]]);
  });

  test("tags.sh lists what they are", async () => {
    const printed = await bench.run("tags.sh");
    showsWhat(printed, page.named("tags.txt"));
    assert.match(printed, /^No tag of team\/app is such a one\.$/m);
    assert.match(printed, /v2 [^\n]*\nv1 [^\n]*\n2 tags\.\n$/);
  });

  test("list-tags.sh asks for the largest tag", async () => {
    const { tags, nextPageToken } = JSON.parse(await bench.run("list-tags.sh"));
    assert.equal(tags.length, 1);
    const { name, totalSize, descriptor, updateTime } = tags[0];
    assert.equal(name, "v2");
    assert.ok(Number(totalSize) > (2048 + 415) * 1024);
    assert.ok(descriptor && updateTime && nextPageToken);
  });

  test("usage.sh tells sums, and what quotas leave", async () => {
    const printed = await bench.run("usage.sh");
    const [all = "", below = "", app = ""] = printed.split(
      /^(?= {2}repositories|(?<!repositories .*\n) {2}size)/m,
    );
    assert.match(all, /^ {2}stored .*each digest once$/m);
    assert.match(all, /^ {2}repositories +2$/m);
    assert.match(below, /^ {2}repositories +1$/m);
    assert.match(below, /^ {2}quota +teams/m);
    showsWhat(app, page.named("usage.txt"));
  });

  test("a push beyond a limit is refused as the page shows", async () => {
    const tag = (name: string) => bench.tag("team/app", v1, name);
    await tag("v3");
    const { body } = await bench.http.expect([403], {
      method: "PUT",
      path: "/v2/team/app/manifests/v4",
      headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
      body: v1.body,
    });
    assert.deepEqual(JSON.parse(body.toString()), page.examplesWith("errors")[0]);
    await tag("v1");
    assert.match((await bench.print("usage", "team/app")).toString(), /3 of 3 tags \(100 %\)/);
  });

  test("make-room.sh empties the trash of a repository, and what it held is there no more", async () => {
    for (const name of ["v1", "v3"])
      assert.equal(await bench.status("DELETE", `/v2/team/app/manifests/${name}`), 202);
    assert.equal(await bench.status("DELETE", manifestPath("team/app", v1)), 202);
    const before = await bench.print("usage", "team/app");
    assert.match(before, /^ {2}size +2\.7 MiB .*\n(?:.*\n)*? {2}manifests +1, and 1 in the trash$/m);
    const printed = await bench.run("make-room.sh");
    assert.match(printed, /^ {2}size +2\.4 MiB .*\n(?:.*\n)*? {2}manifests +1$/m);
  });
});
