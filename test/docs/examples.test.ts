// The other examples of docs/events.md do what the page says: curl, the command
// line, the browser's; and what is TypeScript or configuration is valid.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry, MAIN } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { run, tryRun } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Page } from "./page.ts";
import { TagPusher } from "./tag-pusher.ts";
import { Workshop } from "./workshop.ts";

const COMPLETE = "version: 0.1\nstorage: inmemory\n";

/** What the page tells to do with watch.ts. */
const WATCHING = `
import { watch } from "./watch.ts";
const seen = (event) => console.log(event.repository, event.kind.case, event.kind.value.tag ?? "");
await watch("http://127.0.0.1:5000", seen, new AbortController().signal);
`;

const page = await Page.read();

suite("examples on docs/events.md", () => {
  let directory: string;
  let registry: LocalRegistry;
  let workshop: Workshop;
  let pusher: TagPusher;
  let moved: string;

  before(async () => {
    directory = await makeTemporaryDirectory();
    registry = await LocalRegistry.start({ directory });
    workshop = await Workshop.open({ directory, url: registry.url });
    pusher = new TagPusher(registry.host);
    await pusher.push("latest");
    moved = (await pusher.push("latest")).split(" ")[1] ?? "";
  });
  after(async () => {
    pusher[Symbol.dispose]();
    await registry.stop();
    await removeTemporaryDirectory(directory);
  });

  test("list.sh lists by GET and by POST", { skip: lacking("bash", "curl") }, async () => {
    const { stdout } = await workshop.run(["bash", await workshop.write("list.sh", page.named("list.sh"))]);
    const [byGet, byPost] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(byGet.events.length, 1);
    assert.equal(byGet.events[0].tagMoved.descriptor.digest, moved);
    assert.equal(byPost.events[0].repositoryCreated !== undefined, true);
    assert.equal(byPost.nextCursor, byPost.events.at(-1).cursor);
    assert.equal(byPost.events.length, Number(byPost.nextCursor));
  });

  test("subscribe.sh prints what there is and what comes", { skip: lacking("bash", "curl") }, async () => {
    const path = await workshop.write("subscribe.sh", page.named("subscribe.sh"));
    await using example = workshop.start(["bash", path]);
    await example.waitFor(3);
    await pusher.push("stable");
    await example.waitFor(4);
    const [ready, ...messages] = example.lines.map((line) => JSON.parse(line));
    assert.deepEqual(ready, { ready: { cursor: "0" } });
    const tags = messages.map(({ event }) => (event.tagCreated ?? event.tagMoved).tag);
    assert.deepEqual(tags, ["latest", "latest", "stable"]);
  });

  test("follow.sh prints what its comments say", { skip: lacking("bash") }, async () => {
    const path = await workshop.write("follow.sh", page.named("follow.sh"));
    const { code, stdout, stderr } = await workshop.run(["bash", "-e", path]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /manifest_pushed +library\/docs/);
    const items = stdout.split("\n").filter((line) => line.startsWith('{"snapshotItem"'));
    assert.ok(items.some((line) => JSON.parse(line).snapshotItem.tag?.tag === "latest"));
    assert.match(stdout, /consumer/i);
  });

  test("watch.ts shows what happens from now on, over a restart of the registry", async () => {
    await workshop.write("watch.ts", page.named("watch.ts"));
    await using example = workshop.start(["node", await workshop.write("watching.ts", WATCHING)]);
    // It subscribes a moment after it was started, and shows only what comes then.
    await eventually("something to watch", async () => {
      await pusher.push("watched");
      return example.lines.length > 0 ? true : undefined;
    });
    await registry.kill();
    await registry.restart();
    await pusher.push("again");
    await example.waitForLine("library/docs tagCreated again");
  });

  test("secret.sh makes what may stand in the configuration", {
    skip: lacking("bash", "openssl"),
  }, async () => {
    const { stdout } = await workshop.run([
      "bash",
      await workshop.write("secret.sh", page.named("secret.sh")),
    ]);
    const endpoint = `{name: a, url: "http://a", signing: {secrets: [${stdout.trim()}]}}`;
    const result = await checkConfig(directory, `${COMPLETE}notifications: {endpoints: [${endpoint}]}`);
    assert.deepEqual(result, { code: 0, stderr: "" });
  });

  test("each configuration passes stowage check-config", async () => {
    const blocks = page.inLanguage("yaml");
    assert.equal(blocks.length, 3);
    for (const { text } of blocks) {
      const whole = text.startsWith("version:") ? text : COMPLETE + text;
      assert.deepEqual(await checkConfig(directory, whole), { code: 0, stderr: "" }, text);
    }
  });

  test("the TypeScript has the right types", async () => {
    const named = page.inLanguage("ts").map(({ name = "", text }) => ({ name, text }));
    for (const { name, text } of named) await workshop.write(name, text);
    const options = { extends: join(import.meta.dirname, "../../tsconfig.json"), include: [], files: [] };
    const files = named.map(({ name }) => name);
    assert.deepEqual(files, ["follow.ts", "watch.ts", "verify.ts"]);
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ ...options, files }));
    await run([join(directory, "node_modules/.bin/tsc"), "-p", "tsconfig.json"], { cwd: directory });
  });
});

async function checkConfig(directory: string, text: string) {
  const path = join(directory, "checked.yml");
  await writeFile(path, text);
  const { code, stderr } = await tryRun([process.execPath, MAIN, "check-config", path], { env: {} });
  return { code, stderr };
}
