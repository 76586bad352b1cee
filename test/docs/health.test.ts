// docs/health.md against a registry that runs: the pages, the checks, the examples.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freePort, LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Page } from "./page.ts";
import { shapeOf } from "./shape.ts";

const page = await Page.read("health.md");
let directory: string;
let registry: LocalRegistry;
let debug: string;

before(async () => {
  directory = await makeTemporaryDirectory();
  const port = await freePort();
  debug = `http://127.0.0.1:${port}`;
  registry = await LocalRegistry.start({
    directory,
    http: { debug: { addr: port, prometheus: { enabled: true } } },
    sections: {
      notifications: { endpoints: [{ name: "ci", url: "https://bot:s@ci.example.com/hook?key=s" }] },
      health: { file: [{ file: "/nowhere" }] },
    },
  });
});
after(async () => {
  await registry.stop();
  await removeTemporaryDirectory(directory);
});

const get = async (path: string) => (await fetch(`${debug}${path}`)).text();

test("the pages are those that /debug lists", async () => {
  const [list] = page.section("The debug listener").inLanguage("text");
  assert.equal(list?.text, await get("/debug"));
});

test("the checks are those there are", async () => {
  const { checks } = JSON.parse(await get("/debug/health/ready"));
  const names: string[] = checks.map(({ name }: { readonly name: string }) => name);
  assert.equal(names.pop(), "/nowhere");
  const rows = page.section("What is checked").rows.map(([name = ""]) => name.replaceAll("`", "").trim());
  assert.deepEqual(rows.slice(2, 2 + names.length), names);
});

test("the examples have the form of the real thing", async () => {
  const section = page.section("The debug listener");
  const [vars] = section.examplesWith("memory");
  assert.deepEqual(shapeOf({ ...JSON.parse(await get("/debug/vars")), commit: "a", buildTime: "a" }), {
    ...Object(shapeOf(vars)),
    commit: "text",
    buildTime: "text",
  });
  const [ready] = section.examplesWith("checks");
  const { status, checks } = Object(ready);
  assert.equal(status, "unready");
  const real = JSON.parse(await get("/debug/health/ready"));
  const healthy = (list: readonly { readonly status: string }[]) =>
    list.filter((one) => one.status === "healthy");
  assert.deepEqual(shapeOf(healthy(checks)), shapeOf(healthy(real.checks)));
});
